//! "Did you mean": the known name that is most like an unknown one.

/// The name with the smallest edit distance, if it is small enough to be a slip.
#[must_use]
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = unknown.chars().count();
    let limit = (length / 3).clamp(1, 3);
    let mut known = known.into_iter().filter(|name| length.abs_diff(name.chars().count()) <= limit).peekable();
    known.peek()?;
    let lower = unknown.to_lowercase();
    known
        .map(|name| (strsim::levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
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
