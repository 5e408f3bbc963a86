//! The colours of tracks and of the edition, made legible on light and on dark paper.
//!
//! Contrast is that of WCAG 2.2, section "relative luminance" and "contrast ratio": at least 4.5 to 1 for
//! text. A colour that falls short is mixed with black or white until it does not.

use crate::snapshot::Snapshot;
use model::text::Colour;
use std::fmt::Write as _;

/// The paper of the pages, as in `assets/style.css`: the darkest that coloured text stands on in light mode,
/// the lightest in dark mode.
const LIGHT: [u8; 3] = [0xf1, 0xf3, 0xf2];
const DARK: [u8; 3] = [0x24, 0x2a, 0x28];

/// The contrast that text needs (WCAG 2.2, success criterion 1.4.3), with a little to spare for tints.
const ENOUGH: f64 = 4.8;

/// The style sheet of the edition's colours: `--t` for each track's class, `--accent` for the edition.
pub(crate) fn style_sheet(snapshot: &Snapshot) -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    let mut rule = |selector: &str, name: &str, colour: Colour| {
        let _ = writeln!(light, "{selector}{{{name}:{}}}", legible(colour, LIGHT));
        let _ = writeln!(dark, "{selector}{{{name}:{}}}", legible(colour, DARK));
    };
    if let Some(colour) = snapshot.edition().colour {
        rule(":root", "--accent", colour);
    }
    for (track, number) in snapshot.programme().tracks.iter().zip(0..) {
        rule(&format!(".t-{number}"), "--t", track.colour.unwrap_or_else(|| invented(number)));
    }
    format!("{light}@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n")
}

/// A colour for a track that has none: hues a golden angle apart, so that neighbours differ.
fn invented(number: u32) -> Colour {
    let hue = (210.0 + f64::from(number) * 137.508) % 360.0;
    // HSL with saturation 0.6 and lightness 0.45 (CSS Color 4, section 7.1).
    let channel = |n: f64| {
        let k = (n + hue / 30.0) % 12.0;
        let value = 0.45 - 0.6 * 0.45 * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    };
    Colour { rgb: [channel(0.0), channel(8.0), channel(4.0)] }
}

/// The colour nearest to `colour`, on its way to black or white, that can be read on `paper`.
fn legible(colour: Colour, paper: [u8; 3]) -> Colour {
    let target: f64 = if luminance(paper) > 0.2 { 0.0 } else { 255.0 };
    for step in 0..=20 {
        let part = f64::from(step) / 20.0;
        let rgb = colour.rgb.map(|c| (f64::from(c) + (target - f64::from(c)) * part).round() as u8);
        if contrast(rgb, paper) >= ENOUGH {
            return Colour { rgb };
        }
    }
    Colour { rgb: [target as u8; 3] }
}

fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(rgb: [u8; 3]) -> f64 {
    let linear = rgb.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_can_be_read_on_light_and_on_dark_paper() {
        for n in 0..512u32 {
            let colour = Colour { rgb: [(n & 7) * 36, (n >> 3 & 7) * 36, (n >> 6) * 36].map(|c| c as u8) };
            for paper in [LIGHT, DARK] {
                assert!(contrast(legible(colour, paper).rgb, paper) >= 4.5, "{colour} on {paper:?}");
            }
        }
        assert_eq!(legible(Colour { rgb: [0, 0, 0] }, LIGHT).rgb, [0, 0, 0]);
    }

    #[test]
    fn tracks_without_a_colour_get_different_ones() {
        let colours: std::collections::HashSet<String> = (0..40).map(|n| invented(n).to_string()).collect();
        assert_eq!(colours.len(), 40);
    }
}
