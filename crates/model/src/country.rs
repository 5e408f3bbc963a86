//! Countries: the names that lists and forms write, in all their spellings, and the continent each lies on.
//!
//! Source of the codes and names: ISO 3166-1; of the continents: the geographic regions of the United Nations' M49
//! standard, with the Americas divided at the border of Panama and Colombia.

use crate::{text::folded, time::Zone};
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
    /// The zone of nearly everybody in it; empty where there are several.
    zone: &'static str,
}

const fn row(
    two: &'static str,
    three: &'static str,
    name: &'static str,
    continent: Continent,
    zone: &'static str,
) -> Row {
    Row { two, three, name, continent, zone }
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

    /// The zone in which nearly everybody there lives: that of the whole country, or of its mainland; `None` where people
    /// live in several (the United States, Russia, Brazil, ...).
    pub fn zone(self) -> Option<Zone> {
        self.row().filter(|row| !row.zone.is_empty()).and_then(|row| Zone::parse(row.zone).ok())
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
    row("AD", "AND", "Andorra", Europe, "Europe/Andorra"),
    row("AE", "ARE", "United Arab Emirates", Asia, "Asia/Dubai"),
    row("AF", "AFG", "Afghanistan", Asia, "Asia/Kabul"),
    row("AG", "ATG", "Antigua and Barbuda", NorthAmerica, "America/Antigua"),
    row("AI", "AIA", "Anguilla", NorthAmerica, "America/Anguilla"),
    row("AL", "ALB", "Albania", Europe, "Europe/Tirane"),
    row("AM", "ARM", "Armenia", Asia, "Asia/Yerevan"),
    row("AO", "AGO", "Angola", Africa, "Africa/Luanda"),
    row("AQ", "ATA", "Antarctica", Antarctica, ""),
    row("AR", "ARG", "Argentina", SouthAmerica, "America/Argentina/Buenos_Aires"),
    row("AS", "ASM", "American Samoa", Oceania, "Pacific/Pago_Pago"),
    row("AT", "AUT", "Austria", Europe, "Europe/Vienna"),
    row("AU", "AUS", "Australia", Oceania, ""),
    row("AW", "ABW", "Aruba", NorthAmerica, "America/Aruba"),
    row("AX", "ALA", "Åland Islands", Europe, "Europe/Mariehamn"),
    row("AZ", "AZE", "Azerbaijan", Asia, "Asia/Baku"),
    row("BA", "BIH", "Bosnia and Herzegovina", Europe, "Europe/Sarajevo"),
    row("BB", "BRB", "Barbados", NorthAmerica, "America/Barbados"),
    row("BD", "BGD", "Bangladesh", Asia, "Asia/Dhaka"),
    row("BE", "BEL", "Belgium", Europe, "Europe/Brussels"),
    row("BF", "BFA", "Burkina Faso", Africa, "Africa/Ouagadougou"),
    row("BG", "BGR", "Bulgaria", Europe, "Europe/Sofia"),
    row("BH", "BHR", "Bahrain", Asia, "Asia/Bahrain"),
    row("BI", "BDI", "Burundi", Africa, "Africa/Bujumbura"),
    row("BJ", "BEN", "Benin", Africa, "Africa/Porto-Novo"),
    row("BL", "BLM", "Saint Barthélemy", NorthAmerica, "America/St_Barthelemy"),
    row("BM", "BMU", "Bermuda", NorthAmerica, "Atlantic/Bermuda"),
    row("BN", "BRN", "Brunei", Asia, "Asia/Brunei"),
    row("BO", "BOL", "Bolivia", SouthAmerica, "America/La_Paz"),
    row("BQ", "BES", "Caribbean Netherlands", NorthAmerica, "America/Kralendijk"),
    row("BR", "BRA", "Brazil", SouthAmerica, ""),
    row("BS", "BHS", "Bahamas", NorthAmerica, "America/Nassau"),
    row("BT", "BTN", "Bhutan", Asia, "Asia/Thimphu"),
    row("BV", "BVT", "Bouvet Island", Antarctica, ""),
    row("BW", "BWA", "Botswana", Africa, "Africa/Gaborone"),
    row("BY", "BLR", "Belarus", Europe, "Europe/Minsk"),
    row("BZ", "BLZ", "Belize", NorthAmerica, "America/Belize"),
    row("CA", "CAN", "Canada", NorthAmerica, ""),
    row("CC", "CCK", "Cocos (Keeling) Islands", Oceania, "Indian/Cocos"),
    row("CD", "COD", "DR Congo", Africa, ""),
    row("CF", "CAF", "Central African Republic", Africa, "Africa/Bangui"),
    row("CG", "COG", "Congo", Africa, "Africa/Brazzaville"),
    row("CH", "CHE", "Switzerland", Europe, "Europe/Zurich"),
    row("CI", "CIV", "Côte d'Ivoire", Africa, "Africa/Abidjan"),
    row("CK", "COK", "Cook Islands", Oceania, "Pacific/Rarotonga"),
    row("CL", "CHL", "Chile", SouthAmerica, "America/Santiago"),
    row("CM", "CMR", "Cameroon", Africa, "Africa/Douala"),
    row("CN", "CHN", "China", Asia, "Asia/Shanghai"),
    row("CO", "COL", "Colombia", SouthAmerica, "America/Bogota"),
    row("CR", "CRI", "Costa Rica", NorthAmerica, "America/Costa_Rica"),
    row("CU", "CUB", "Cuba", NorthAmerica, "America/Havana"),
    row("CV", "CPV", "Cabo Verde", Africa, "Atlantic/Cape_Verde"),
    row("CW", "CUW", "Curaçao", NorthAmerica, "America/Curacao"),
    row("CX", "CXR", "Christmas Island", Oceania, "Indian/Christmas"),
    row("CY", "CYP", "Cyprus", Asia, "Asia/Nicosia"),
    row("CZ", "CZE", "Czechia", Europe, "Europe/Prague"),
    row("DE", "DEU", "Germany", Europe, "Europe/Berlin"),
    row("DJ", "DJI", "Djibouti", Africa, "Africa/Djibouti"),
    row("DK", "DNK", "Denmark", Europe, "Europe/Copenhagen"),
    row("DM", "DMA", "Dominica", NorthAmerica, "America/Dominica"),
    row("DO", "DOM", "Dominican Republic", NorthAmerica, "America/Santo_Domingo"),
    row("DZ", "DZA", "Algeria", Africa, "Africa/Algiers"),
    row("EC", "ECU", "Ecuador", SouthAmerica, ""),
    row("EE", "EST", "Estonia", Europe, "Europe/Tallinn"),
    row("EG", "EGY", "Egypt", Africa, "Africa/Cairo"),
    row("EH", "ESH", "Western Sahara", Africa, "Africa/El_Aaiun"),
    row("ER", "ERI", "Eritrea", Africa, "Africa/Asmara"),
    row("ES", "ESP", "Spain", Europe, "Europe/Madrid"),
    row("ET", "ETH", "Ethiopia", Africa, "Africa/Addis_Ababa"),
    row("FI", "FIN", "Finland", Europe, "Europe/Helsinki"),
    row("FJ", "FJI", "Fiji", Oceania, "Pacific/Fiji"),
    row("FK", "FLK", "Falkland Islands", SouthAmerica, "Atlantic/Stanley"),
    row("FM", "FSM", "Micronesia", Oceania, ""),
    row("FO", "FRO", "Faroe Islands", Europe, "Atlantic/Faroe"),
    row("FR", "FRA", "France", Europe, "Europe/Paris"),
    row("GA", "GAB", "Gabon", Africa, "Africa/Libreville"),
    row("GB", "GBR", "United Kingdom", Europe, "Europe/London"),
    row("GD", "GRD", "Grenada", NorthAmerica, "America/Grenada"),
    row("GE", "GEO", "Georgia", Asia, "Asia/Tbilisi"),
    row("GF", "GUF", "French Guiana", SouthAmerica, "America/Cayenne"),
    row("GG", "GGY", "Guernsey", Europe, "Europe/Guernsey"),
    row("GH", "GHA", "Ghana", Africa, "Africa/Accra"),
    row("GI", "GIB", "Gibraltar", Europe, "Europe/Gibraltar"),
    row("GL", "GRL", "Greenland", NorthAmerica, ""),
    row("GM", "GMB", "Gambia", Africa, "Africa/Banjul"),
    row("GN", "GIN", "Guinea", Africa, "Africa/Conakry"),
    row("GP", "GLP", "Guadeloupe", NorthAmerica, "America/Guadeloupe"),
    row("GQ", "GNQ", "Equatorial Guinea", Africa, "Africa/Malabo"),
    row("GR", "GRC", "Greece", Europe, "Europe/Athens"),
    row("GS", "SGS", "South Georgia and the South Sandwich Islands", Antarctica, "Atlantic/South_Georgia"),
    row("GT", "GTM", "Guatemala", NorthAmerica, "America/Guatemala"),
    row("GU", "GUM", "Guam", Oceania, "Pacific/Guam"),
    row("GW", "GNB", "Guinea-Bissau", Africa, "Africa/Bissau"),
    row("GY", "GUY", "Guyana", SouthAmerica, "America/Guyana"),
    row("HK", "HKG", "Hong Kong", Asia, "Asia/Hong_Kong"),
    row("HM", "HMD", "Heard Island and McDonald Islands", Antarctica, ""),
    row("HN", "HND", "Honduras", NorthAmerica, "America/Tegucigalpa"),
    row("HR", "HRV", "Croatia", Europe, "Europe/Zagreb"),
    row("HT", "HTI", "Haiti", NorthAmerica, "America/Port-au-Prince"),
    row("HU", "HUN", "Hungary", Europe, "Europe/Budapest"),
    row("ID", "IDN", "Indonesia", Asia, ""),
    row("IE", "IRL", "Ireland", Europe, "Europe/Dublin"),
    row("IL", "ISR", "Israel", Asia, "Asia/Jerusalem"),
    row("IM", "IMN", "Isle of Man", Europe, "Europe/Isle_of_Man"),
    row("IN", "IND", "India", Asia, "Asia/Kolkata"),
    row("IO", "IOT", "British Indian Ocean Territory", Africa, "Indian/Chagos"),
    row("IQ", "IRQ", "Iraq", Asia, "Asia/Baghdad"),
    row("IR", "IRN", "Iran", Asia, "Asia/Tehran"),
    row("IS", "ISL", "Iceland", Europe, "Atlantic/Reykjavik"),
    row("IT", "ITA", "Italy", Europe, "Europe/Rome"),
    row("JE", "JEY", "Jersey", Europe, "Europe/Jersey"),
    row("JM", "JAM", "Jamaica", NorthAmerica, "America/Jamaica"),
    row("JO", "JOR", "Jordan", Asia, "Asia/Amman"),
    row("JP", "JPN", "Japan", Asia, "Asia/Tokyo"),
    row("KE", "KEN", "Kenya", Africa, "Africa/Nairobi"),
    row("KG", "KGZ", "Kyrgyzstan", Asia, "Asia/Bishkek"),
    row("KH", "KHM", "Cambodia", Asia, "Asia/Phnom_Penh"),
    row("KI", "KIR", "Kiribati", Oceania, ""),
    row("KM", "COM", "Comoros", Africa, "Indian/Comoro"),
    row("KN", "KNA", "Saint Kitts and Nevis", NorthAmerica, "America/St_Kitts"),
    row("KP", "PRK", "North Korea", Asia, "Asia/Pyongyang"),
    row("KR", "KOR", "South Korea", Asia, "Asia/Seoul"),
    row("KW", "KWT", "Kuwait", Asia, "Asia/Kuwait"),
    row("KY", "CYM", "Cayman Islands", NorthAmerica, "America/Cayman"),
    row("KZ", "KAZ", "Kazakhstan", Asia, ""),
    row("LA", "LAO", "Laos", Asia, "Asia/Vientiane"),
    row("LB", "LBN", "Lebanon", Asia, "Asia/Beirut"),
    row("LC", "LCA", "Saint Lucia", NorthAmerica, "America/St_Lucia"),
    row("LI", "LIE", "Liechtenstein", Europe, "Europe/Vaduz"),
    row("LK", "LKA", "Sri Lanka", Asia, "Asia/Colombo"),
    row("LR", "LBR", "Liberia", Africa, "Africa/Monrovia"),
    row("LS", "LSO", "Lesotho", Africa, "Africa/Maseru"),
    row("LT", "LTU", "Lithuania", Europe, "Europe/Vilnius"),
    row("LU", "LUX", "Luxembourg", Europe, "Europe/Luxembourg"),
    row("LV", "LVA", "Latvia", Europe, "Europe/Riga"),
    row("LY", "LBY", "Libya", Africa, "Africa/Tripoli"),
    row("MA", "MAR", "Morocco", Africa, "Africa/Casablanca"),
    row("MC", "MCO", "Monaco", Europe, "Europe/Monaco"),
    row("MD", "MDA", "Moldova", Europe, "Europe/Chisinau"),
    row("ME", "MNE", "Montenegro", Europe, "Europe/Podgorica"),
    row("MF", "MAF", "Saint Martin", NorthAmerica, "America/Marigot"),
    row("MG", "MDG", "Madagascar", Africa, "Indian/Antananarivo"),
    row("MH", "MHL", "Marshall Islands", Oceania, "Pacific/Majuro"),
    row("MK", "MKD", "North Macedonia", Europe, "Europe/Skopje"),
    row("ML", "MLI", "Mali", Africa, "Africa/Bamako"),
    row("MM", "MMR", "Myanmar", Asia, "Asia/Yangon"),
    row("MN", "MNG", "Mongolia", Asia, ""),
    row("MO", "MAC", "Macao", Asia, "Asia/Macau"),
    row("MP", "MNP", "Northern Mariana Islands", Oceania, "Pacific/Saipan"),
    row("MQ", "MTQ", "Martinique", NorthAmerica, "America/Martinique"),
    row("MR", "MRT", "Mauritania", Africa, "Africa/Nouakchott"),
    row("MS", "MSR", "Montserrat", NorthAmerica, "America/Montserrat"),
    row("MT", "MLT", "Malta", Europe, "Europe/Malta"),
    row("MU", "MUS", "Mauritius", Africa, "Indian/Mauritius"),
    row("MV", "MDV", "Maldives", Asia, "Indian/Maldives"),
    row("MW", "MWI", "Malawi", Africa, "Africa/Blantyre"),
    row("MX", "MEX", "Mexico", NorthAmerica, ""),
    row("MY", "MYS", "Malaysia", Asia, "Asia/Kuala_Lumpur"),
    row("MZ", "MOZ", "Mozambique", Africa, "Africa/Maputo"),
    row("NA", "NAM", "Namibia", Africa, "Africa/Windhoek"),
    row("NC", "NCL", "New Caledonia", Oceania, "Pacific/Noumea"),
    row("NE", "NER", "Niger", Africa, "Africa/Niamey"),
    row("NF", "NFK", "Norfolk Island", Oceania, "Pacific/Norfolk"),
    row("NG", "NGA", "Nigeria", Africa, "Africa/Lagos"),
    row("NI", "NIC", "Nicaragua", NorthAmerica, "America/Managua"),
    row("NL", "NLD", "Netherlands", Europe, "Europe/Amsterdam"),
    row("NO", "NOR", "Norway", Europe, "Europe/Oslo"),
    row("NP", "NPL", "Nepal", Asia, "Asia/Kathmandu"),
    row("NR", "NRU", "Nauru", Oceania, "Pacific/Nauru"),
    row("NU", "NIU", "Niue", Oceania, "Pacific/Niue"),
    row("NZ", "NZL", "New Zealand", Oceania, "Pacific/Auckland"),
    row("OM", "OMN", "Oman", Asia, "Asia/Muscat"),
    row("PA", "PAN", "Panama", NorthAmerica, "America/Panama"),
    row("PE", "PER", "Peru", SouthAmerica, "America/Lima"),
    row("PF", "PYF", "French Polynesia", Oceania, ""),
    row("PG", "PNG", "Papua New Guinea", Oceania, ""),
    row("PH", "PHL", "Philippines", Asia, "Asia/Manila"),
    row("PK", "PAK", "Pakistan", Asia, "Asia/Karachi"),
    row("PL", "POL", "Poland", Europe, "Europe/Warsaw"),
    row("PM", "SPM", "Saint Pierre and Miquelon", NorthAmerica, "America/Miquelon"),
    row("PN", "PCN", "Pitcairn", Oceania, "Pacific/Pitcairn"),
    row("PR", "PRI", "Puerto Rico", NorthAmerica, "America/Puerto_Rico"),
    row("PS", "PSE", "Palestine", Asia, "Asia/Gaza"),
    row("PT", "PRT", "Portugal", Europe, "Europe/Lisbon"),
    row("PW", "PLW", "Palau", Oceania, "Pacific/Palau"),
    row("PY", "PRY", "Paraguay", SouthAmerica, "America/Asuncion"),
    row("QA", "QAT", "Qatar", Asia, "Asia/Qatar"),
    row("RE", "REU", "Réunion", Africa, "Indian/Reunion"),
    row("RO", "ROU", "Romania", Europe, "Europe/Bucharest"),
    row("RS", "SRB", "Serbia", Europe, "Europe/Belgrade"),
    row("RU", "RUS", "Russia", Europe, ""),
    row("RW", "RWA", "Rwanda", Africa, "Africa/Kigali"),
    row("SA", "SAU", "Saudi Arabia", Asia, "Asia/Riyadh"),
    row("SB", "SLB", "Solomon Islands", Oceania, "Pacific/Guadalcanal"),
    row("SC", "SYC", "Seychelles", Africa, "Indian/Mahe"),
    row("SD", "SDN", "Sudan", Africa, "Africa/Khartoum"),
    row("SE", "SWE", "Sweden", Europe, "Europe/Stockholm"),
    row("SG", "SGP", "Singapore", Asia, "Asia/Singapore"),
    row("SH", "SHN", "Saint Helena", Africa, "Atlantic/St_Helena"),
    row("SI", "SVN", "Slovenia", Europe, "Europe/Ljubljana"),
    row("SJ", "SJM", "Svalbard and Jan Mayen", Europe, "Arctic/Longyearbyen"),
    row("SK", "SVK", "Slovakia", Europe, "Europe/Bratislava"),
    row("SL", "SLE", "Sierra Leone", Africa, "Africa/Freetown"),
    row("SM", "SMR", "San Marino", Europe, "Europe/San_Marino"),
    row("SN", "SEN", "Senegal", Africa, "Africa/Dakar"),
    row("SO", "SOM", "Somalia", Africa, "Africa/Mogadishu"),
    row("SR", "SUR", "Suriname", SouthAmerica, "America/Paramaribo"),
    row("SS", "SSD", "South Sudan", Africa, "Africa/Juba"),
    row("ST", "STP", "Sao Tome and Principe", Africa, "Africa/Sao_Tome"),
    row("SV", "SLV", "El Salvador", NorthAmerica, "America/El_Salvador"),
    row("SX", "SXM", "Sint Maarten", NorthAmerica, "America/Lower_Princes"),
    row("SY", "SYR", "Syria", Asia, "Asia/Damascus"),
    row("SZ", "SWZ", "Eswatini", Africa, "Africa/Mbabane"),
    row("TC", "TCA", "Turks and Caicos Islands", NorthAmerica, "America/Grand_Turk"),
    row("TD", "TCD", "Chad", Africa, "Africa/Ndjamena"),
    row("TF", "ATF", "French Southern Territories", Africa, "Indian/Kerguelen"),
    row("TG", "TGO", "Togo", Africa, "Africa/Lome"),
    row("TH", "THA", "Thailand", Asia, "Asia/Bangkok"),
    row("TJ", "TJK", "Tajikistan", Asia, "Asia/Dushanbe"),
    row("TK", "TKL", "Tokelau", Oceania, "Pacific/Fakaofo"),
    row("TL", "TLS", "Timor-Leste", Asia, "Asia/Dili"),
    row("TM", "TKM", "Turkmenistan", Asia, "Asia/Ashgabat"),
    row("TN", "TUN", "Tunisia", Africa, "Africa/Tunis"),
    row("TO", "TON", "Tonga", Oceania, "Pacific/Tongatapu"),
    row("TR", "TUR", "Türkiye", Asia, "Europe/Istanbul"),
    row("TT", "TTO", "Trinidad and Tobago", NorthAmerica, "America/Port_of_Spain"),
    row("TV", "TUV", "Tuvalu", Oceania, "Pacific/Funafuti"),
    row("TW", "TWN", "Taiwan", Asia, "Asia/Taipei"),
    row("TZ", "TZA", "Tanzania", Africa, "Africa/Dar_es_Salaam"),
    row("UA", "UKR", "Ukraine", Europe, "Europe/Kyiv"),
    row("UG", "UGA", "Uganda", Africa, "Africa/Kampala"),
    row("UM", "UMI", "United States Minor Outlying Islands", Oceania, ""),
    row("US", "USA", "United States", NorthAmerica, ""),
    row("UY", "URY", "Uruguay", SouthAmerica, "America/Montevideo"),
    row("UZ", "UZB", "Uzbekistan", Asia, "Asia/Samarkand"),
    row("VA", "VAT", "Vatican City", Europe, "Europe/Vatican"),
    row("VC", "VCT", "Saint Vincent and the Grenadines", NorthAmerica, "America/St_Vincent"),
    row("VE", "VEN", "Venezuela", SouthAmerica, "America/Caracas"),
    row("VG", "VGB", "British Virgin Islands", NorthAmerica, "America/Tortola"),
    row("VI", "VIR", "U.S. Virgin Islands", NorthAmerica, "America/St_Thomas"),
    row("VN", "VNM", "Vietnam", Asia, "Asia/Ho_Chi_Minh"),
    row("VU", "VUT", "Vanuatu", Oceania, "Pacific/Efate"),
    row("WF", "WLF", "Wallis and Futuna", Oceania, "Pacific/Wallis"),
    row("WS", "WSM", "Samoa", Oceania, "Pacific/Apia"),
    row("YE", "YEM", "Yemen", Asia, "Asia/Aden"),
    row("YT", "MYT", "Mayotte", Africa, "Indian/Mayotte"),
    row("ZA", "ZAF", "South Africa", Africa, "Africa/Johannesburg"),
    row("ZM", "ZMB", "Zambia", Africa, "Africa/Lusaka"),
    row("ZW", "ZWE", "Zimbabwe", Africa, "Africa/Harare"),
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
    fn a_country_of_one_zone_knows_it() {
        let zone =
            |text: &str| Country::parse(text).and_then(Country::zone).map(|zone| zone.name().to_owned());
        assert_eq!(zone("Germany").as_deref(), Some("Europe/Berlin"));
        assert_eq!(zone("India").as_deref(), Some("Asia/Kolkata"));
        assert_eq!(zone("United States"), None);
        for row in ROWS {
            assert!(row.zone.is_empty() || Zone::parse(row.zone).is_ok(), "{}: {}", row.two, row.zone);
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
