//! The assignment of reviewers on open data, beside the optimum of the linear programme and the solvers of OpenReview.
//!
//! The data: MIDL (118 papers, 177 reviewers), bids of AAMAS 2015 (613, 201) and two conferences of PrefLib; three reviews
//! for each paper. The references were measured once with openreview-matcher at commit 33894355 on one core: they are figures,
//! not runs, because that program is not ours to ship. The affinity of texts is held against the gold standard of Stelmakh
//! and others, "A gold standard dataset for the reviewer assignment problem" (2023).

use crate::{
    data,
    report::{Bar, Report, median},
};
use anyhow::{Context, ensure};
use planner::assignment::{Affinity, Limits, Pair, Pairing, Problem, affinity::Texts};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
    time::Instant,
};

/// Reviews for each paper.
const REVIEWS: u32 = 3;

/// The share of the largest total that must be left where the worst-off paper is as well off as in OpenReview's answers.
const KEPT: f64 = 0.97;

/// The loss of the Toronto paper matching system on the gold standard.
const TORONTO: f64 = 0.28;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many times each problem is solved; the median counts.
    #[arg(long, default_value_t = 9)]
    times: usize,
    /// Keep the figures here as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Exit with 1 when a bar is missed.
    #[arg(long)]
    check: bool,
}

/// What OpenReview's solvers reach on a case.
struct Reference {
    /// The optimum of the linear programme, and how many seconds the flow solver takes for the same.
    total: f64,
    seconds: f64,
    /// What FairFlow gives the worst-off paper, in total, and in how many seconds.
    fair_least: f64,
    fair_total: f64,
    fair_seconds: f64,
    /// The better of FairFlow's and FairSequence's worst-off papers.
    enough: f64,
}

struct Case {
    name: &'static str,
    problem: Problem,
    reference: Reference,
}

/// Measures by itself.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    let folder = data::folder().join("reviewer");
    println!("{}", crate::report::head());
    let mut report = Report::default();
    if folder.is_dir() {
        for case in cases(&folder)? {
            measure(&mut report, &case, args.times)?;
        }
        report.beside(
            "assignment, texts in wrong order",
            gold_standard(&folder.join("goldstandard"))?,
            TORONTO,
            Bar::AtMost(1.0),
        );
    } else {
        eprintln!("skipped: the open reviewer data, for there is none ($PLENARY_TEST_DATA)");
    }
    let invented = invented(2_000, 60, 105)?;
    let (took, _) = timed(args.times, || invented.best())?;
    report.alone("assignment 2,000 x 60 invented, ms", took, Bar::None);
    if let Some(file) = &args.json {
        report.write(file)?;
    }
    Ok(report.is_ok() || !args.check)
}

fn measure(report: &mut Report, case: &Case, times: usize) -> anyhow::Result<()> {
    let Case { name, problem, reference } = case;
    let (took, best) = timed(times, || problem.best())?;
    report.beside(
        format!("assignment {name}, total"),
        rounded(best.assignment.total),
        reference.total,
        Bar::AtLeast(1.0),
    );
    let proven = f64::from(u8::from(best.is_proven(problem)));
    report.alone(format!("assignment {name}, proven"), proven, Bar::AtLeast(1.0));
    report.beside(format!("assignment {name}, ms"), took, reference.seconds * 1_000.0, Bar::AtMost(0.1));

    let (took, fair) = timed(times, || problem.fairest(None))?;
    let least = fair.least_score(problem).context("papers want reviews")?;
    report.beside(
        format!("fair assignment {name}, worst-off"),
        rounded(least),
        reference.fair_least,
        Bar::AtLeast(1.0),
    );
    report.beside(
        format!("fair assignment {name}, total"),
        rounded(fair.total),
        reference.fair_total,
        Bar::AtLeast(1.0),
    );
    report.beside(format!("fair assignment {name}, ms"), took, reference.fair_seconds * 1_000.0, Bar::None);

    let enough = Affinity::new(reference.enough).context("an affinity")?;
    let fair = problem.fairest(Some(enough))?;
    let least = fair.least_score(problem).context("papers want reviews")?;
    report.beside(
        format!("fair enough {name}, worst-off"),
        rounded(least),
        reference.enough,
        Bar::AtLeast(1.0),
    );
    report.beside(
        format!("fair enough {name}, total"),
        rounded(fair.total),
        reference.total,
        Bar::AtLeast(KEPT),
    );
    Ok(())
}

/// The median of the milliseconds that it takes, and the answer.
fn timed<T, E>(times: usize, solve: impl Fn() -> Result<T, E>) -> anyhow::Result<(f64, T)>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut took = vec![];
    let mut answer = solve()?;
    for _ in 0..times {
        let began = Instant::now();
        answer = solve()?;
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok((median(&mut took), answer))
}

/// To four places, as the references are stated.
fn rounded(affinity: Affinity) -> f64 {
    (affinity.points() * 10_000.0).round() / 10_000.0
}

fn cases(folder: &Path) -> anyhow::Result<Vec<Case>> {
    let midl = |lower, name, reference| anyhow::Ok(Case { name, problem: midl(folder, lower)?, reference });
    let bids = |file: &str, limit, name, reference| {
        let problem = bids(&folder.join(file), limit).with_context(|| file.to_owned())?;
        anyhow::Ok(Case { name, problem, reference })
    };
    Ok(vec![
        midl(
            0,
            "MIDL",
            Reference {
                total: 201.8849,
                seconds: 0.6,
                fair_least: 0.9448,
                fair_total: 201.7279,
                fair_seconds: 3.7,
                enough: 0.9448,
            },
        )?,
        midl(
            2,
            "MIDL, 2 or more",
            Reference {
                total: 150.0431,
                seconds: 0.6,
                fair_least: 0.6671,
                fair_total: 132.4655,
                fair_seconds: 10.6,
                enough: 0.6671,
            },
        )?,
        bids(
            "aamas2015.in.xz",
            12,
            "AAMAS 2015",
            Reference {
                total: 1406.25,
                seconds: 4.5,
                fair_least: 1.25,
                fair_total: 1363.0,
                fair_seconds: 53.0,
                enough: 1.25,
            },
        )?,
        bids(
            "preflib1.in.xz",
            6,
            "PrefLib 1",
            Reference {
                total: 124.25,
                seconds: 0.04,
                fair_least: 0.75,
                fair_total: 124.25,
                fair_seconds: 0.25,
                enough: 0.75,
            },
        )?,
        bids(
            "preflib2.in.xz",
            7,
            "PrefLib 2",
            Reference {
                total: 141.5,
                seconds: 0.03,
                fair_least: 1.0,
                fair_total: 141.5,
                fair_seconds: 0.19,
                enough: 1.0,
            },
        )?,
    ])
}

/// The scores of MIDL, which stand with the reviewers in rows, and its loads.
fn midl(folder: &Path, lower: u32) -> anyhow::Result<Problem> {
    let folder = folder.join("midl");
    let scores = Array::read(&folder.join("scores.npy"))?;
    let loads = Array::read(&folder.join("loads.npy"))?;
    let [reviewers, papers] = scores.shape[..] else { anyhow::bail!("the scores are no table") };
    let upper = (0..reviewers).map(|reviewer| Ok(Limits::new(lower, loads.at(&[reviewer])? as u32)?));
    let mut problem =
        Problem::new(vec![Limits::new(REVIEWS, REVIEWS)?; papers], upper.collect::<anyhow::Result<_>>()?)?;
    for proposal in 0..papers {
        for reviewer in 0..reviewers {
            set(&mut problem, proposal, reviewer, scores.at(&[reviewer, proposal])?)?;
        }
    }
    Ok(problem)
}

/// Bids as a table in text: the numbers of papers and of reviewers, and then a row for each paper.
fn bids(file: &Path, limit: u32) -> anyhow::Result<Problem> {
    let mut text = String::new();
    unpacked(file)?.read_to_string(&mut text)?;
    let mut numbers = text.split_ascii_whitespace();
    let mut next = || numbers.next().context("the file ends too early");
    let papers = next()?.parse()?;
    let reviewers = next()?.parse()?;
    let mut problem =
        Problem::new(vec![Limits::new(REVIEWS, REVIEWS)?; papers], vec![Limits::new(0, limit)?; reviewers])?;
    for proposal in 0..papers {
        for reviewer in 0..reviewers {
            set(&mut problem, proposal, reviewer, next()?.parse()?)?;
        }
    }
    Ok(problem)
}

fn invented(papers: usize, reviewers: usize, limit: u32) -> anyhow::Result<Problem> {
    let mut problem =
        Problem::new(vec![Limits::new(REVIEWS, REVIEWS)?; papers], vec![Limits::new(0, limit)?; reviewers])?;
    // A linear congruential generator (Knuth, MMIX): the same problem in every run.
    let mut state: u64 = 42;
    for proposal in 0..papers {
        for reviewer in 0..reviewers {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            set(&mut problem, proposal, reviewer, (state >> 33) as f64 / f64::from(1_u32 << 31))?;
        }
    }
    Ok(problem)
}

fn set(problem: &mut Problem, proposal: usize, reviewer: usize, points: f64) -> anyhow::Result<()> {
    let affinity = Affinity::new(points).with_context(|| format!("{points} is no affinity"))?;
    Ok(problem.set(Pair { proposal, reviewer }, Pairing::Open(affinity))?)
}

fn unpacked(file: &Path) -> anyhow::Result<impl Read + use<>> {
    let packed = File::open(file).with_context(|| file.display().to_string())?;
    Ok(lzma_rust2::XzReader::new(BufReader::new(packed), true))
}

/// An array of NumPy's format, version 1: a header with the type, the order and the shape, and then numbers of 8 bytes.
struct Array {
    shape: Vec<usize>,
    is_fortran: bool,
    numbers: Vec<f64>,
}

impl Array {
    fn read(file: &Path) -> anyhow::Result<Self> {
        Self::parse(&std::fs::read(file)?).with_context(|| file.display().to_string())
    }

    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let rest = bytes.strip_prefix(b"\x93NUMPY\x01\x00").context("no array of NumPy's first version")?;
        let (length, rest) = rest.split_first_chunk().context("the header is cut off")?;
        let (header, rest) =
            rest.split_at_checked(u16::from_le_bytes(*length).into()).context("the header is cut off")?;
        let header = std::str::from_utf8(header)?;
        let number: fn([u8; 8]) -> f64 = if header.contains("'<i8'") {
            |bytes| i64::from_le_bytes(bytes) as f64
        } else {
            ensure!(header.contains("'<f8'"), "numbers of another type: {header}");
            f64::from_le_bytes
        };
        let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
        let sides = shape.context("no shape")?.0.split(',').map(str::trim).filter(|side| !side.is_empty());
        let shape: Vec<usize> = sides.map(str::parse).collect::<Result<_, _>>()?;
        let (numbers, _) = rest.as_chunks();
        ensure!(numbers.len() == shape.iter().product::<usize>(), "{} numbers for {shape:?}", numbers.len());
        let numbers = numbers.iter().map(|bytes| number(*bytes)).collect();
        Ok(Self { shape, is_fortran: header.contains("'fortran_order': True"), numbers })
    }

    fn at(&self, index: &[usize]) -> anyhow::Result<f64> {
        let fold = |place, (&index, &side): (&usize, &usize)| place * side + index;
        let sides = index.iter().zip(&self.shape);
        let place = if self.is_fortran { sides.rev().fold(0, fold) } else { sides.fold(0, fold) };
        self.numbers.get(place).copied().with_context(|| format!("nothing stands at {index:?}"))
    }
}

/// The share of pairs of papers that the likeness of texts puts in another order than the reviewer, each weighed by
/// how far apart the reviewer puts them; a tie is half wrong.
fn gold_standard(folder: &Path) -> anyhow::Result<f64> {
    #[derive(serde::Deserialize)]
    struct Paper {
        content: Content,
    }
    #[derive(serde::Deserialize)]
    struct Content {
        title: Option<String>,
        r#abstract: Option<String>,
    }
    let text = |paper: Paper| {
        [paper.content.title, paper.content.r#abstract].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };

    let mut papers: BTreeMap<String, String> = BTreeMap::new();
    let mut reviewers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut archive = tar::Archive::new(unpacked(&folder.join("d_20_1.tar.xz"))?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let mut content = String::new();
        if path.ends_with("submissions.json") {
            entry.read_to_string(&mut content)?;
            let all: BTreeMap<String, Paper> = serde_json::from_str(&content)?;
            papers = all.into_iter().map(|(id, paper)| (id, text(paper))).collect();
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            entry.read_to_string(&mut content)?;
            let own = content.lines().map(|line| Ok(text(serde_json::from_str(line)?)));
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            reviewers.insert(name.trim_start_matches('~').to_owned(), own.collect::<anyhow::Result<_>>()?);
        }
    }
    let paper_places: HashMap<&str, usize> =
        papers.keys().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    let reviewer_places: HashMap<&str, usize> =
        reviewers.keys().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    let proposals: Vec<&String> = papers.values().collect();
    let past: Vec<Vec<String>> = reviewers.values().cloned().collect();
    let texts = Texts::new(&proposals, &past);

    // A line for each reviewer: the id, ten papers, and the expertise in each.
    let evaluations = std::fs::read_to_string(folder.join("evaluations.csv"))?;
    let (mut wrong, mut all) = (0.0, 0.0);
    for line in evaluations.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let reviewer = *reviewer_places.get(cells[0]).with_context(|| format!("nothing of {}", cells[0]))?;
        ensure!(cells.len() == 21, "{} cells", cells.len());
        let mut judged = vec![];
        for (paper, expertise) in cells[1..11].iter().zip(&cells[11..]).filter(|(paper, _)| !paper.is_empty())
        {
            let proposal = *paper_places.get(paper).with_context(|| format!("nothing of {paper}"))?;
            let likeness = texts.likeness(Pair { proposal, reviewer }).unwrap_or_default();
            judged.push((expertise.parse::<f64>()?, likeness));
        }
        for (place, (expertise, likeness)) in judged.iter().enumerate() {
            for (other, unlike) in &judged[..place] {
                let apart = expertise - other;
                let order = apart * (likeness - unlike);
                all += apart.abs();
                wrong += apart.abs() * if order < 0.0 { 1.0 } else { f64::from(order == 0.0) / 2.0 };
            }
        }
    }
    Ok(wrong / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_open_data_the_optimum_is_the_linear_programmes_and_the_worst_off_are_no_worse_than_elsewhere() {
        let folder = data::folder().join("reviewer");
        if !folder.is_dir() {
            println!("skipped: there is no reviewer data; PLENARY_TEST_DATA can name its folder");
            return;
        }
        for Case { name, problem, reference } in cases(&folder).unwrap() {
            let best = problem.best().unwrap();
            assert!(best.is_proven(&problem), "{name}");
            assert!((rounded(best.assignment.total) - reference.total).abs() < 1e-9, "{name}");
            let fair = problem.fairest(None).unwrap();
            assert!(rounded(fair.least_score(&problem).unwrap()) >= reference.fair_least, "{name}");
            assert!(rounded(fair.total) >= reference.fair_total, "{name}");
        }
    }

    #[test]
    fn arrays_are_read_in_both_orders() {
        let array = |order: &str| {
            let header = format!("{{'descr': '<i8', 'fortran_order': {order}, 'shape': (2, 3), }}");
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            bytes.extend((header.len() as u16).to_le_bytes());
            bytes.extend(header.as_bytes());
            bytes.extend((0_i64..6).flat_map(i64::to_le_bytes));
            Array::parse(&bytes).unwrap()
        };
        let is = |array: &Array, index, value: f64| (array.at(index).unwrap() - value).abs() < 1e-9;
        assert!(is(&array("False"), &[1, 0], 3.0));
        assert!(is(&array("True"), &[1, 0], 1.0));
        assert!(array("True").at(&[2, 2]).is_err());
    }
}
