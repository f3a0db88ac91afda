//! The `dkms` command: argv in, words and an exit status out.
