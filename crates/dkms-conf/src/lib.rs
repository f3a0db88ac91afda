//! What people write in `dkms.conf` and `framework.conf`, turned into what dkms knows. No disk, no process, no clock.
#![deny(missing_docs)]
