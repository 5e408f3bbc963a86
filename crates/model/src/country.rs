//! Countries: the names that lists and forms write, in all their spellings, and the continent each lies on.
//!
//! Source of the codes and names: ISO 3166-1; of the continents: the geographic regions of the United Nations' M49
//! standard, with the Americas divided at the border of Panama and Colombia.

use crate::text::folded;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fmt, sync::LazyLock};

/// A part of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Continent {
    /// Africa.
    Africa,
    /// Antarctica and its islands.
    Antarctica,
    /// Asia, with Turkey, Cyprus and the Caucasus.
    Asia,
    /// Europe, with the whole of Russia.
    Europe,
    /// From Greenland to Panama, with the Caribbean.
    NorthAmerica,
    /// From Colombia to Chile.
    SouthAmerica,
    /// Australia and the islands of the Pacific.
    Oceania,
}

impl Continent {
    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Africa => "Africa",
            Self::Antarctica => "Antarctica",
            Self::Asia => "Asia",
            Self::Europe => "Europe",
            Self::NorthAmerica => "North America",
            Self::SouthAmerica => "South America",
            Self::Oceania => "Oceania",
        }
    }
}

/// A country or territory with a code of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Country(&'static str);

struct Row {
    two: &'static str,
    three: &'static str,
    name: &'static str,
    continent: Continent,
}

const fn row(two: &'static str, three: &'static str, name: &'static str, continent: Continent) -> Row {
    Row { two, three, name, continent }
}

impl Country {
    /// The country that `text` names: by its code of two or three letters, its name, or a spelling that lists use
    /// ("U.S.A.", "UK", "Holland"). Case, accents, dots and a leading "the" make no difference.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = plain(text);
        if plain.is_empty() {
            return None;
        }
        SPELLINGS.get(&plain).map(|two| Self(two))
    }

    /// The country at the end of a place such as "Brussels, Belgium" or "Portland, OR". Two letters after a comma are
    /// a state or province where one has them: "Los Angeles, CA" lies in California and not in Canada.
    pub fn of_place(place: &str) -> Option<Self> {
        let (before, last) = place.rsplit_once(',').unwrap_or(("", place));
        let last = last.trim();
        let two = last.len() == 2 && last.bytes().all(|b| b.is_ascii_uppercase());
        if two && !before.is_empty() {
            if US_STATES.split(' ').any(|state| state == last) {
                return Some(Self("US"));
            }
            if PROVINCES.split(' ').any(|province| province == last) {
                return Some(Self("CA"));
            }
        }
        Self::parse(last)
    }

    /// Its code of two letters, in capitals.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// Its name in English.
    pub fn name(self) -> &'static str {
        self.row().map_or(self.0, |row| row.name)
    }

    /// Where it lies.
    pub fn continent(self) -> Option<Continent> {
        self.row().map(|row| row.continent)
    }

    /// All of them, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| Self(row.two))
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.two == self.0)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.0)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no such country"))
    }
}

/// Letters and single spaces, without case, accents and a leading "the".
fn plain(text: &str) -> String {
    let letters: String = folded(text)
        .chars()
        .filter(|c| *c != '.' && *c != '\'' && *c != '\u{2019}')
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let words: Vec<&str> = letters.split_whitespace().collect();
    let words = if words.len() > 1 && words[0] == "the" { &words[1..] } else { &words[..] };
    words.join(" ")
}

/// Every code, name and spelling, plain. A list holds thousands of places.
static SPELLINGS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let names = ROWS.iter().flat_map(|row| [row.two, row.three, row.name].map(|text| (plain(text), row.two)));
    names.chain(OTHERWISE.iter().map(|(text, two)| ((*text).to_owned(), *two))).collect()
});

/// Spellings that are neither a code nor the name in [`ROWS`].
const OTHERWISE: &[(&str, &str)] = &[
    ("america", "US"),
    ("bolivia plurinational state of", "BO"),
    ("bosnia", "BA"),
    ("bosnia herzegovina", "BA"),
    ("brasil", "BR"),
    ("britain", "GB"),
    ("burma", "MM"),
    ("cape verde", "CV"),
    ("czech republic", "CZ"),
    ("deutschland", "DE"),
    ("eire", "IE"),
    ("england", "GB"),
    ("espana", "ES"),
    ("great britain", "GB"),
    ("holland", "NL"),
    ("hong kong sar", "HK"),
    ("iran islamic republic of", "IR"),
    ("italia", "IT"),
    ("ivory coast", "CI"),
    ("korea", "KR"),
    ("korea republic of", "KR"),
    ("macau", "MO"),
    ("macedonia", "MK"),
    ("moldova republic of", "MD"),
    ("northern ireland", "GB"),
    ("osterreich", "AT"),
    ("republic of ireland", "IE"),
    ("republic of korea", "KR"),
    ("russian federation", "RU"),
    ("schweiz", "CH"),
    ("scotland", "GB"),
    ("suisse", "CH"),
    ("swaziland", "SZ"),
    ("taiwan province of china", "TW"),
    ("turkey", "TR"),
    ("uae", "AE"),
    ("uk", "GB"),
    ("united states of america", "US"),
    ("us", "US"),
    ("viet nam", "VN"),
    ("wales", "GB"),
];

/// The postal codes of the states of the United States, with the District of Columbia and Puerto Rico.
const US_STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ \
    NM NY NC ND OH OK OR PA PR RI SC SD TN TX UT VT VA WA WV WI WY";

/// The postal codes of the provinces and territories of Canada.
const PROVINCES: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";

use Continent::{Africa, Antarctica, Asia, Europe, NorthAmerica, Oceania, SouthAmerica};

/// Every country.
const ROWS: &[Row] = &[
    row("AD", "AND", "Andorra", Europe),
    row("AE", "ARE", "United Arab Emirates", Asia),
    row("AF", "AFG", "Afghanistan", Asia),
    row("AG", "ATG", "Antigua and Barbuda", NorthAmerica),
    row("AI", "AIA", "Anguilla", NorthAmerica),
    row("AL", "ALB", "Albania", Europe),
    row("AM", "ARM", "Armenia", Asia),
    row("AO", "AGO", "Angola", Africa),
    row("AQ", "ATA", "Antarctica", Antarctica),
    row("AR", "ARG", "Argentina", SouthAmerica),
    row("AS", "ASM", "American Samoa", Oceania),
    row("AT", "AUT", "Austria", Europe),
    row("AU", "AUS", "Australia", Oceania),
    row("AW", "ABW", "Aruba", NorthAmerica),
    row("AX", "ALA", "Åland Islands", Europe),
    row("AZ", "AZE", "Azerbaijan", Asia),
    row("BA", "BIH", "Bosnia and Herzegovina", Europe),
    row("BB", "BRB", "Barbados", NorthAmerica),
    row("BD", "BGD", "Bangladesh", Asia),
    row("BE", "BEL", "Belgium", Europe),
    row("BF", "BFA", "Burkina Faso", Africa),
    row("BG", "BGR", "Bulgaria", Europe),
    row("BH", "BHR", "Bahrain", Asia),
    row("BI", "BDI", "Burundi", Africa),
    row("BJ", "BEN", "Benin", Africa),
    row("BL", "BLM", "Saint Barthélemy", NorthAmerica),
    row("BM", "BMU", "Bermuda", NorthAmerica),
    row("BN", "BRN", "Brunei", Asia),
    row("BO", "BOL", "Bolivia", SouthAmerica),
    row("BQ", "BES", "Caribbean Netherlands", NorthAmerica),
    row("BR", "BRA", "Brazil", SouthAmerica),
    row("BS", "BHS", "Bahamas", NorthAmerica),
    row("BT", "BTN", "Bhutan", Asia),
    row("BV", "BVT", "Bouvet Island", Antarctica),
    row("BW", "BWA", "Botswana", Africa),
    row("BY", "BLR", "Belarus", Europe),
    row("BZ", "BLZ", "Belize", NorthAmerica),
    row("CA", "CAN", "Canada", NorthAmerica),
    row("CC", "CCK", "Cocos (Keeling) Islands", Oceania),
    row("CD", "COD", "DR Congo", Africa),
    row("CF", "CAF", "Central African Republic", Africa),
    row("CG", "COG", "Congo", Africa),
    row("CH", "CHE", "Switzerland", Europe),
    row("CI", "CIV", "Côte d'Ivoire", Africa),
    row("CK", "COK", "Cook Islands", Oceania),
    row("CL", "CHL", "Chile", SouthAmerica),
    row("CM", "CMR", "Cameroon", Africa),
    row("CN", "CHN", "China", Asia),
    row("CO", "COL", "Colombia", SouthAmerica),
    row("CR", "CRI", "Costa Rica", NorthAmerica),
    row("CU", "CUB", "Cuba", NorthAmerica),
    row("CV", "CPV", "Cabo Verde", Africa),
    row("CW", "CUW", "Curaçao", NorthAmerica),
    row("CX", "CXR", "Christmas Island", Oceania),
    row("CY", "CYP", "Cyprus", Asia),
    row("CZ", "CZE", "Czechia", Europe),
    row("DE", "DEU", "Germany", Europe),
    row("DJ", "DJI", "Djibouti", Africa),
    row("DK", "DNK", "Denmark", Europe),
    row("DM", "DMA", "Dominica", NorthAmerica),
    row("DO", "DOM", "Dominican Republic", NorthAmerica),
    row("DZ", "DZA", "Algeria", Africa),
    row("EC", "ECU", "Ecuador", SouthAmerica),
    row("EE", "EST", "Estonia", Europe),
    row("EG", "EGY", "Egypt", Africa),
    row("EH", "ESH", "Western Sahara", Africa),
    row("ER", "ERI", "Eritrea", Africa),
    row("ES", "ESP", "Spain", Europe),
    row("ET", "ETH", "Ethiopia", Africa),
    row("FI", "FIN", "Finland", Europe),
    row("FJ", "FJI", "Fiji", Oceania),
    row("FK", "FLK", "Falkland Islands", SouthAmerica),
    row("FM", "FSM", "Micronesia", Oceania),
    row("FO", "FRO", "Faroe Islands", Europe),
    row("FR", "FRA", "France", Europe),
    row("GA", "GAB", "Gabon", Africa),
    row("GB", "GBR", "United Kingdom", Europe),
    row("GD", "GRD", "Grenada", NorthAmerica),
    row("GE", "GEO", "Georgia", Asia),
    row("GF", "GUF", "French Guiana", SouthAmerica),
    row("GG", "GGY", "Guernsey", Europe),
    row("GH", "GHA", "Ghana", Africa),
    row("GI", "GIB", "Gibraltar", Europe),
    row("GL", "GRL", "Greenland", NorthAmerica),
    row("GM", "GMB", "Gambia", Africa),
    row("GN", "GIN", "Guinea", Africa),
    row("GP", "GLP", "Guadeloupe", NorthAmerica),
    row("GQ", "GNQ", "Equatorial Guinea", Africa),
    row("GR", "GRC", "Greece", Europe),
    row("GS", "SGS", "South Georgia and the South Sandwich Islands", Antarctica),
    row("GT", "GTM", "Guatemala", NorthAmerica),
    row("GU", "GUM", "Guam", Oceania),
    row("GW", "GNB", "Guinea-Bissau", Africa),
    row("GY", "GUY", "Guyana", SouthAmerica),
    row("HK", "HKG", "Hong Kong", Asia),
    row("HM", "HMD", "Heard Island and McDonald Islands", Antarctica),
    row("HN", "HND", "Honduras", NorthAmerica),
    row("HR", "HRV", "Croatia", Europe),
    row("HT", "HTI", "Haiti", NorthAmerica),
    row("HU", "HUN", "Hungary", Europe),
    row("ID", "IDN", "Indonesia", Asia),
    row("IE", "IRL", "Ireland", Europe),
    row("IL", "ISR", "Israel", Asia),
    row("IM", "IMN", "Isle of Man", Europe),
    row("IN", "IND", "India", Asia),
    row("IO", "IOT", "British Indian Ocean Territory", Africa),
    row("IQ", "IRQ", "Iraq", Asia),
    row("IR", "IRN", "Iran", Asia),
    row("IS", "ISL", "Iceland", Europe),
    row("IT", "ITA", "Italy", Europe),
    row("JE", "JEY", "Jersey", Europe),
    row("JM", "JAM", "Jamaica", NorthAmerica),
    row("JO", "JOR", "Jordan", Asia),
    row("JP", "JPN", "Japan", Asia),
    row("KE", "KEN", "Kenya", Africa),
    row("KG", "KGZ", "Kyrgyzstan", Asia),
    row("KH", "KHM", "Cambodia", Asia),
    row("KI", "KIR", "Kiribati", Oceania),
    row("KM", "COM", "Comoros", Africa),
    row("KN", "KNA", "Saint Kitts and Nevis", NorthAmerica),
    row("KP", "PRK", "North Korea", Asia),
    row("KR", "KOR", "South Korea", Asia),
    row("KW", "KWT", "Kuwait", Asia),
    row("KY", "CYM", "Cayman Islands", NorthAmerica),
    row("KZ", "KAZ", "Kazakhstan", Asia),
    row("LA", "LAO", "Laos", Asia),
    row("LB", "LBN", "Lebanon", Asia),
    row("LC", "LCA", "Saint Lucia", NorthAmerica),
    row("LI", "LIE", "Liechtenstein", Europe),
    row("LK", "LKA", "Sri Lanka", Asia),
    row("LR", "LBR", "Liberia", Africa),
    row("LS", "LSO", "Lesotho", Africa),
    row("LT", "LTU", "Lithuania", Europe),
    row("LU", "LUX", "Luxembourg", Europe),
    row("LV", "LVA", "Latvia", Europe),
    row("LY", "LBY", "Libya", Africa),
    row("MA", "MAR", "Morocco", Africa),
    row("MC", "MCO", "Monaco", Europe),
    row("MD", "MDA", "Moldova", Europe),
    row("ME", "MNE", "Montenegro", Europe),
    row("MF", "MAF", "Saint Martin", NorthAmerica),
    row("MG", "MDG", "Madagascar", Africa),
    row("MH", "MHL", "Marshall Islands", Oceania),
    row("MK", "MKD", "North Macedonia", Europe),
    row("ML", "MLI", "Mali", Africa),
    row("MM", "MMR", "Myanmar", Asia),
    row("MN", "MNG", "Mongolia", Asia),
    row("MO", "MAC", "Macao", Asia),
    row("MP", "MNP", "Northern Mariana Islands", Oceania),
    row("MQ", "MTQ", "Martinique", NorthAmerica),
    row("MR", "MRT", "Mauritania", Africa),
    row("MS", "MSR", "Montserrat", NorthAmerica),
    row("MT", "MLT", "Malta", Europe),
    row("MU", "MUS", "Mauritius", Africa),
    row("MV", "MDV", "Maldives", Asia),
    row("MW", "MWI", "Malawi", Africa),
    row("MX", "MEX", "Mexico", NorthAmerica),
    row("MY", "MYS", "Malaysia", Asia),
    row("MZ", "MOZ", "Mozambique", Africa),
    row("NA", "NAM", "Namibia", Africa),
    row("NC", "NCL", "New Caledonia", Oceania),
    row("NE", "NER", "Niger", Africa),
    row("NF", "NFK", "Norfolk Island", Oceania),
    row("NG", "NGA", "Nigeria", Africa),
    row("NI", "NIC", "Nicaragua", NorthAmerica),
    row("NL", "NLD", "Netherlands", Europe),
    row("NO", "NOR", "Norway", Europe),
    row("NP", "NPL", "Nepal", Asia),
    row("NR", "NRU", "Nauru", Oceania),
    row("NU", "NIU", "Niue", Oceania),
    row("NZ", "NZL", "New Zealand", Oceania),
    row("OM", "OMN", "Oman", Asia),
    row("PA", "PAN", "Panama", NorthAmerica),
    row("PE", "PER", "Peru", SouthAmerica),
    row("PF", "PYF", "French Polynesia", Oceania),
    row("PG", "PNG", "Papua New Guinea", Oceania),
    row("PH", "PHL", "Philippines", Asia),
    row("PK", "PAK", "Pakistan", Asia),
    row("PL", "POL", "Poland", Europe),
    row("PM", "SPM", "Saint Pierre and Miquelon", NorthAmerica),
    row("PN", "PCN", "Pitcairn", Oceania),
    row("PR", "PRI", "Puerto Rico", NorthAmerica),
    row("PS", "PSE", "Palestine", Asia),
    row("PT", "PRT", "Portugal", Europe),
    row("PW", "PLW", "Palau", Oceania),
    row("PY", "PRY", "Paraguay", SouthAmerica),
    row("QA", "QAT", "Qatar", Asia),
    row("RE", "REU", "Réunion", Africa),
    row("RO", "ROU", "Romania", Europe),
    row("RS", "SRB", "Serbia", Europe),
    row("RU", "RUS", "Russia", Europe),
    row("RW", "RWA", "Rwanda", Africa),
    row("SA", "SAU", "Saudi Arabia", Asia),
    row("SB", "SLB", "Solomon Islands", Oceania),
    row("SC", "SYC", "Seychelles", Africa),
    row("SD", "SDN", "Sudan", Africa),
    row("SE", "SWE", "Sweden", Europe),
    row("SG", "SGP", "Singapore", Asia),
    row("SH", "SHN", "Saint Helena", Africa),
    row("SI", "SVN", "Slovenia", Europe),
    row("SJ", "SJM", "Svalbard and Jan Mayen", Europe),
    row("SK", "SVK", "Slovakia", Europe),
    row("SL", "SLE", "Sierra Leone", Africa),
    row("SM", "SMR", "San Marino", Europe),
    row("SN", "SEN", "Senegal", Africa),
    row("SO", "SOM", "Somalia", Africa),
    row("SR", "SUR", "Suriname", SouthAmerica),
    row("SS", "SSD", "South Sudan", Africa),
    row("ST", "STP", "Sao Tome and Principe", Africa),
    row("SV", "SLV", "El Salvador", NorthAmerica),
    row("SX", "SXM", "Sint Maarten", NorthAmerica),
    row("SY", "SYR", "Syria", Asia),
    row("SZ", "SWZ", "Eswatini", Africa),
    row("TC", "TCA", "Turks and Caicos Islands", NorthAmerica),
    row("TD", "TCD", "Chad", Africa),
    row("TF", "ATF", "French Southern Territories", Africa),
    row("TG", "TGO", "Togo", Africa),
    row("TH", "THA", "Thailand", Asia),
    row("TJ", "TJK", "Tajikistan", Asia),
    row("TK", "TKL", "Tokelau", Oceania),
    row("TL", "TLS", "Timor-Leste", Asia),
    row("TM", "TKM", "Turkmenistan", Asia),
    row("TN", "TUN", "Tunisia", Africa),
    row("TO", "TON", "Tonga", Oceania),
    row("TR", "TUR", "Türkiye", Asia),
    row("TT", "TTO", "Trinidad and Tobago", NorthAmerica),
    row("TV", "TUV", "Tuvalu", Oceania),
    row("TW", "TWN", "Taiwan", Asia),
    row("TZ", "TZA", "Tanzania", Africa),
    row("UA", "UKR", "Ukraine", Europe),
    row("UG", "UGA", "Uganda", Africa),
    row("UM", "UMI", "United States Minor Outlying Islands", Oceania),
    row("US", "USA", "United States", NorthAmerica),
    row("UY", "URY", "Uruguay", SouthAmerica),
    row("UZ", "UZB", "Uzbekistan", Asia),
    row("VA", "VAT", "Vatican City", Europe),
    row("VC", "VCT", "Saint Vincent and the Grenadines", NorthAmerica),
    row("VE", "VEN", "Venezuela", SouthAmerica),
    row("VG", "VGB", "British Virgin Islands", NorthAmerica),
    row("VI", "VIR", "U.S. Virgin Islands", NorthAmerica),
    row("VN", "VNM", "Vietnam", Asia),
    row("VU", "VUT", "Vanuatu", Oceania),
    row("WF", "WLF", "Wallis and Futuna", Oceania),
    row("WS", "WSM", "Samoa", Oceania),
    row("YE", "YEM", "Yemen", Asia),
    row("YT", "MYT", "Mayotte", Africa),
    row("ZA", "ZAF", "South Africa", Africa),
    row("ZM", "ZMB", "Zambia", Africa),
    row("ZW", "ZWE", "Zimbabwe", Africa),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_name_of_the_table_names_its_country() {
        assert_eq!(ROWS.len(), 249);
        for row in ROWS {
            for text in [row.two, row.three, row.name, &row.name.to_uppercase()] {
                assert_eq!(Country::parse(text).map(Country::code), Some(row.two), "{text}");
            }
        }
        for (name, two) in OTHERWISE {
            assert_eq!(plain(name), *name);
            assert_eq!(Country::parse(name).map(Country::code), Some(*two), "{name}");
        }
    }

    #[test]
    fn lists_spell_a_country_in_many_ways() {
        for text in ["U.S.A.", "USA", "us", "United States", "The United States of America", " U.S. "] {
            assert_eq!(Country::parse(text).map(Country::code), Some("US"), "{text}");
        }
        assert_eq!(Country::parse("U.K.").map(Country::name), Some("United Kingdom"));
        assert_eq!(Country::parse("CZE").and_then(Country::continent), Some(Continent::Europe));
        for nothing in ["", "  ", "Online", "Earth", "XX", "everywhere, somehow"] {
            assert_eq!(Country::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_state_behind_a_comma_is_no_country() {
        let of = |place: &str| Country::of_place(place).map(Country::code);
        assert_eq!(of("Los Angeles, CA"), Some("US"));
        assert_eq!(of("Wilmington, DE"), Some("US"));
        assert_eq!(of("Toronto, ON"), Some("CA"));
        assert_eq!(of("Minsk, Minsk, Belarus"), Some("BY"));
        assert_eq!(of("Singapore"), Some("SG"));
        assert_eq!(of("Somewhere"), None);
    }
}
