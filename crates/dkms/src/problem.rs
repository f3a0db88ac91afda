//! How a failure looks on standard error: `error: what`, a blank line, `hint: what to type next`.

use dkms_conf::Diagnostic;
use dkms_engine::error::Error;
use dkms_engine::report::words;

use crate::exit::Reported;
use crate::refusal::Refusal;

/// The text of a failure; `None` if it has been reported already.
pub fn text(error: &anyhow::Error) -> Option<String> {
    if error.is::<Reported>() {
        return None;
    }
    let hint = error.chain().find_map(|cause| {
        let refused = cause.downcast_ref().and_then(Refusal::hint);
        refused.or_else(|| cause.downcast_ref().and_then(Error::hint))
    });
    Some(words::shown(&format!("{error:#}"), hint.as_deref()))
}

/// A finding in a file, with its advice.
pub fn of_diagnostic(diagnostic: &Diagnostic) -> String {
    let hint = diagnostic.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    format!("{diagnostic}{hint}")
}

#[cfg(test)]
mod tests {
    use dkms_engine::target::ModuleId;

    use super::*;

    #[test]
    fn sentence_then_hint() {
        let error = Error::NotAdded { module: ModuleId::new("m", "1").unwrap() };
        let expected = "error: `m/1` is not in the tree\n\nhint: dkms add m/1\n";
        assert_eq!(text(&error.into()).as_deref(), Some(expected));
        assert_eq!(text(&Refusal::EmptyKernel.into()).unwrap().lines().count(), 1);
        assert_eq!(text(&Reported(3).into()), None);
    }
}
