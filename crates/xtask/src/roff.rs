//! Just enough of the language of manual pages for the generated sections.

/// Text with `code` in bold, as one paragraph.
pub(crate) fn text(markdown: &str) -> String {
    let parts = markdown.split('`').enumerate();
    let out: String = parts.map(|(index, part)| if index % 2 == 1 { bold(part) } else { escape(part) }).collect();
    // A control character at the beginning of a line would make a request of it.
    if out.starts_with(['.', '\'']) { format!("\\&{out}") } else { out }
}

/// One entry of a list: the term, already marked up, and its paragraphs.
pub(crate) fn entry(term: &str, paragraphs: &[String]) -> String {
    let body: Vec<String> = paragraphs.iter().map(|paragraph| text(paragraph)).collect();
    format!(".TP\n{term}\n{}\n", body.join("\n.sp\n"))
}

/// Bold.
pub(crate) fn bold(word: &str) -> String {
    format!("\\fB{}\\fR", escape(word))
}

/// Italic, for what a reader replaces.
pub(crate) fn italic(word: &str) -> String {
    format!("\\fI{}\\fR", escape(word))
}

/// Plain text: backslashes and hyphens that are to be typed as they stand.
pub(crate) fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup() {
        assert_eq!(text("use `-k` or \\x"), "use \\fB\\-k\\fR or \\ex");
        assert_eq!(text(".x"), "\\&.x");
        assert_eq!(entry(&bold("a"), &["b".into()]), ".TP\n\\fBa\\fR\nb\n");
    }
}
