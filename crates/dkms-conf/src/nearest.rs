//! "Did you mean": the known name that is most like an unknown one.

/// The name with the smallest edit distance, if it is small enough to be a slip.
pub(crate) fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = unknown.chars().count();
    let limit = (length / 3).clamp(1, 3);
    let mut known = known.into_iter().filter(|name| length.abs_diff(name.chars().count()) <= limit).peekable();
    known.peek()?;
    let lower = unknown.to_lowercase();
    known
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters have to be put in, taken out or exchanged.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let exchanged = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let known = ["sign_file", "parallel_jobs", "verbose"];
        assert_eq!(nearest("sing_file", known), Some("sign_file"));
        assert_eq!(nearest("parallel_job", known), Some("parallel_jobs"));
        assert_eq!(nearest("VERBOSE", known), Some("verbose"));
        assert_eq!(nearest("colour", known), None);
    }
}
