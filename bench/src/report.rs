//! The figures, as a table for people and as JSON for programs.

use serde::Serialize;
use std::path::Path;

/// What a figure must reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// Nothing: it is only to be known.
    None,
}

/// One measured figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// What was measured, with its unit.
    name: String,
    /// What Plenary does.
    ours: f64,
    /// What the reference does.
    reference: Option<f64>,
    /// Ours divided by the reference's.
    ratio: Option<f64>,
    /// The bar as it is printed.
    bar: String,
    /// Whether the bar is met; true where there is none.
    ok: bool,
}

/// All figures of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Adds a figure that stands by itself.
    pub(crate) fn alone(&mut self, name: impl Into<String>, ours: f64, bar: Bar) {
        self.add(name.into(), ours, None, bar);
    }

    /// Adds a figure that is judged by its ratio to a reference.
    pub(crate) fn beside(&mut self, name: impl Into<String>, ours: f64, reference: f64, bar: Bar) {
        self.add(name.into(), ours, Some(reference), bar);
    }

    fn add(&mut self, name: String, ours: f64, reference: Option<f64>, bar: Bar) {
        let ratio = reference.map(|reference| ours / reference);
        let judged = ratio.unwrap_or(ours);
        let (bar, ok) = match bar {
            Bar::AtLeast(least) => (format!(">= {}", short(least)), judged >= least),
            Bar::AtMost(most) => (format!("<= {}", short(most)), judged <= most),
            Bar::None => ("-".to_owned(), true),
        };
        let figure = Figure { name, ours, reference, ratio, bar, ok };
        println!("{}", line(&figure));
        self.figures.push(figure);
    }

    /// Whether every bar is met.
    pub(crate) fn is_ok(&self) -> bool {
        self.figures.iter().all(|figure| figure.ok)
    }

    /// Writes the JSON copy.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        Ok(std::fs::write(file, serde_json::to_vec_pretty(self)?)?)
    }
}

/// The head of the table.
pub(crate) fn head() -> String {
    format!("{:<44} {:>10} {:>10} {:>7} {:>8}  {}", "name", "ours", "reference", "ratio", "bar", "verdict")
}

fn line(figure: &Figure) -> String {
    let optional = |value: Option<f64>| value.map_or("-".to_owned(), short);
    format!(
        "{:<44} {:>10} {:>10} {:>7} {:>8}  {}",
        figure.name,
        short(figure.ours),
        optional(figure.reference),
        figure.ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
        figure.bar,
        if figure.ok { "ok" } else { "SHORT" }
    )
}

/// A number with as many digits as mean something.
fn short(value: f64) -> String {
    if value.abs() >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The median; 0 for none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// The value that this share of the others does not exceed; 0 for none.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len().max(1)) - 1;
    values.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_judged_where_there_is_a_reference_and_the_figure_where_there_is_none() {
        let mut report = Report::default();
        report.beside("requests/s", 70.0, 100.0, Bar::AtLeast(0.7));
        report.alone("ms", 19.9, Bar::AtMost(20.0));
        assert!(report.is_ok());
        report.beside("p99", 4.0, 1.0, Bar::AtMost(3.0));
        assert!(!report.is_ok());
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
    }
}
