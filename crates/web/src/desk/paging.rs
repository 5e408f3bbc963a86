//! The pages of a long list.

/// The page that an address asks for, counted from 0; addresses count from 1.
pub(super) fn page_of(query: Option<&str>) -> usize {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let page =
        pairs.filter(|(key, _)| key == "page").last().and_then(|(_, value)| value.parse::<usize>().ok());
    // Beyond what any list has, so that no database is asked for a place that it cannot count to.
    page.unwrap_or(1).saturating_sub(1).min(1_000_000)
}

/// The ways to the other pages of a list.
pub(super) struct Pages {
    /// Which of how many it is, and of how many things; empty where there is one page.
    pub(super) here: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

impl Pages {
    /// Of a list that is asked for by its address alone.
    pub(super) fn plain(path: &str, page: usize, pages: usize, total: usize) -> Self {
        let join = match path.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        let to = |page: usize| format!("{path}{join}page={}", page + 1);
        Self {
            here: if pages > 1 {
                format!("Page {} of {pages}, {total} in all", page + 1)
            } else {
                String::new()
            },
            previous: (page > 0).then(|| to(page.min(pages) - 1)),
            next: (page + 1 < pages).then(|| to(page + 1)),
        }
    }
}
