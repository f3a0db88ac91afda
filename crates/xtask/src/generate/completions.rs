//! Completions of three shells: clap's own, with the names that only the machine knows added.
//!
//! clap_complete knows options and files. Verbs, registered modules and installed kernels are asked for when the key is
//! pressed: `dkms status` for the ones, the module directory for the others.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap_complete::{Generator, Shell, generate};
use dkms_cli::verb::VERBS;

const MODULES: &str = "dkms status 2>/dev/null | sed 's/[,:].*//' | sort -u";
/// What may follow `mok`.
const MOK: &str = "status generate enroll";
const KERNELS: &str = "ls /lib/modules 2>/dev/null";

/// One file for each shell, under the name that the shell looks for.
pub(super) fn files() -> Result<Vec<(PathBuf, String)>> {
    let path = |name: &str| PathBuf::from("packaging/completions").join(name);
    Ok(vec![(path("dkms.bash"), bash()?), (path("_dkms"), zsh()?), (path("dkms.fish"), fish()?)])
}

fn plain(shell: impl Generator) -> Result<String> {
    let mut text = Vec::new();
    generate(shell, &mut dkms_cli::command_line::command(), "dkms", &mut text);
    String::from_utf8(text).context("read clap's completions")
}

/// All words that may come first; behind `plan` and `help` comes a verb.
fn verbs() -> String {
    VERBS.iter().map(|row| row.name).chain(["help"]).collect::<Vec<_>>().join(" ")
}

fn bash() -> Result<String> {
    let verbs = verbs();
    Ok(plain(Shell::Bash)?
        + &format!(
            r#"
_dkms_names() {{
    local cur="${{COMP_WORDS[COMP_CWORD]}}"
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
    -k | --kernelver | --templatekernel)
        COMPREPLY=($(compgen -W "$({KERNELS})" -- "$cur"))
        return ;;
    -m | --module)
        COMPREPLY=($(compgen -W "$({MODULES})" -- "$cur"))
        return ;;
    esac
    _dkms "$@"
    if [[ $cur == -* || ${{COMP_WORDS[COMP_CWORD-1]}} == -[vacj] || ${{COMP_WORDS[COMP_CWORD-1]}} == --* ]]; then
        return
    fi
    local word words="$({MODULES})" verbs="{verbs}"
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        if [[ $word == mok ]]; then verbs="{MOK}" words=; break; fi
        if [[ " $verbs " == *" $word "* && $word != plan && $word != help ]]; then verbs=; fi
    done
    COMPREPLY=($(compgen -W "$verbs $words" -- "$cur") $(compgen -f -- "$cur"))
}}
complete -F _dkms_names -o nosort -o bashdefault -o default dkms
"#
        ))
}

fn zsh() -> Result<String> {
    let mut text = plain(Shell::Zsh)?;
    for (value, names) in
        [("KERNEL[/ARCH]", "_dkms_kernels"), ("KERNEL", "_dkms_kernels"), ("NAME[/VERSION]", "_dkms_modules")]
    {
        text = text.replace(&format!(":{value}:_default"), &format!(":{value}:{names}"));
    }
    text = text.replace(":_default' \\\n&& ret=0", ":_dkms_words' \\\n&& ret=0");
    let helpers = format!(
        "\n_dkms_kernels() {{\n    compadd -- ${{(f)\"$({KERNELS})\"}}\n}}\n\
         \n_dkms_modules() {{\n    compadd -- ${{(f)\"$({MODULES})\"}}\n}}\n\
         \n_dkms_words() {{\n    compadd -- {}\n    _dkms_modules\n    _files\n}}\n",
        verbs()
    );
    // The file is the body of the function `_dkms`; what calls it stands at its end.
    let at = text.find("\n_dkms() {").context("find the function in clap's completions for zsh")?;
    text.insert_str(at, &helpers);
    Ok(text)
}

fn fish() -> Result<String> {
    let no_verb = format!("not __fish_seen_subcommand_from {}", verbs().replace(" plan", "").replace(" help", ""));
    let quoted = |text: &str| text.replace('\'', "\\'");
    let mut lines = vec![plain(Shell::Fish)?];
    lines.extend(
        VERBS.iter().map(|row| format!("complete -c dkms -n '{no_verb}' -a {} -d '{}'\n", row.name, quoted(row.about))),
    );
    lines.push(format!("complete -c dkms -n '{no_verb}' -a help -d 'Show the help of a verb'\n"));
    lines.push(format!("complete -c dkms -n '__fish_seen_subcommand_from mok' -a '{MOK}'\n"));
    lines.push(format!("complete -c dkms -a '({})'\n", quoted(MODULES)));
    for (option, names) in [("-s k -l kernelver", KERNELS), ("-l templatekernel", KERNELS), ("-s m -l module", MODULES)]
    {
        lines.push(format!("complete -c dkms {option} -x -a '({})'\n", quoted(names)));
    }
    Ok(lines.concat())
}
