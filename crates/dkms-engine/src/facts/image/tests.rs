use std::io::{Cursor, Write};

use super::*;

const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// A member, padded.
fn member(path: &str, mode: u32, content: &[u8]) -> Vec<u8> {
    numbered(path, mode, content, 1, 0)
}

/// The same with how many names it has, and its number.
fn numbered(path: &str, mode: u32, content: &[u8], links: usize, inode: usize) -> Vec<u8> {
    let mut bytes = b"070701".to_vec();
    for field in [inode, mode as usize, 0, 0, links, 0, content.len(), 8, 1, 0, 0, path.len() + 1, 0] {
        write!(bytes, "{field:08x}").unwrap();
    }
    for part in [path.as_bytes(), content] {
        bytes.extend(part);
        bytes.resize(bytes.len() + usize::from(part == path.as_bytes()), 0);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// Members as an archive.
fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), member("TRAILER!!!", 0, b"")].concat()
}

fn file(path: &str, content: &str) -> Vec<u8> {
    member(path, FILE, content.as_bytes())
}

fn look(image: &[u8]) -> Result<Tree, String> {
    parse(Cursor::new(image), &Wanted::new(["a-b", "x"]), Limits::default())
}

/// Path and content of each copy of a module.
fn copies(tree: &Tree, module: &str) -> Vec<(String, Result<String, String>)> {
    let text = |copy| tree.content(copy).map(|content| String::from_utf8_lossy(content).into_owned());
    tree.copies(module).map(|copy| (copy.path.clone(), text(copy))).collect()
}

/// In every format; the last two without getting smaller, since their crates are here for unpacking alone.
fn packed(content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    let options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
    let lzma = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut lzma = liblzma::write::XzEncoder::new_stream(Vec::new(), lzma);
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    for encoder in [&mut gzip as &mut dyn Write, &mut xz, &mut lzma, &mut bzip2] {
        encoder.write_all(content).unwrap();
    }
    vec![
        ("gzip", gzip.finish().unwrap()),
        ("xz", xz.finish().unwrap()),
        ("lzma", lzma.finish().unwrap()),
        ("bzip2", bzip2.finish().unwrap()),
        ("zstd", zstd::stream::encode_all(content, 3).unwrap()),
        ("lz4", lz4(content)),
        ("lzo", lzo(content)),
    ]
}

/// A block for each kilobyte, none of which gets smaller: literals alone.
fn lz4(content: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x02, 0x21, 0x4c, 0x18];
    for block in content.chunks(1000) {
        let mut literals = vec![0xf0];
        let rest = block.len() - 15;
        literals.extend(vec![255; rest / 255]);
        literals.push(u8::try_from(rest % 255).unwrap());
        literals.extend(block);
        packed.extend(u32::try_from(literals.len()).unwrap().to_le_bytes());
        packed.extend(literals);
    }
    packed
}

/// As lzop 1.04 does it, with blocks that do not get smaller.
fn lzo(content: &[u8]) -> Vec<u8> {
    let mut packed = b"\x89LZO\0\r\n\x1a\n".to_vec();
    packed.extend([0x10, 0x40, 0x20, 0xa0, 0x09, 0x40, 1, 5]);
    packed.extend([0x03, 0, 0, 0x0d, 0, 0, 0x81, 0xa4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9, 9, 9]);
    for block in content.chunks(1000) {
        let length = u32::try_from(block.len()).unwrap().to_be_bytes();
        packed.extend([length, length, [9; 4]].concat());
        packed.extend(block);
    }
    packed.extend([0; 4]);
    packed
}

#[test]
fn parts_in_any_order_and_compression() {
    let early = archive(&[file("kernel/x86/microcode/GenuineIntel.bin", "x.ko"), file("early/x.ko", "early")]);
    let filler: String = (0..3000).map(|number| format!("{number} ")).collect();
    let main = archive(&[file("etc/filler", &filler), file("usr/lib/modules/6.1/updates/a-b.ko", "main")]);
    for (name, part) in packed(&main) {
        let late = archive(&[file("late/x.ko", "late")]);
        for gap in [0, 512] {
            let padding = |length: usize| vec![0; length.next_multiple_of(4) - length + gap];
            let image = [early.clone(), vec![0; gap], part.clone(), padding(part.len()), late.clone()].concat();
            let tree = look(&image).unwrap_or_else(|error| panic!("{name} {gap}: {error}"));
            let a_b = ("usr/lib/modules/6.1/updates/a-b.ko".to_owned(), Ok("main".to_owned()));
            assert_eq!(copies(&tree, "a-b"), [a_b], "{name}");
            assert_eq!(tree.copies("x").count(), 2, "{name}");
        }
        let cut = [&early[..], &part[..part.len() / 2]].concat();
        let error = look(&cut).unwrap_err();
        assert!(error.contains(name), "{name}: {error}");
    }
    let two: Vec<u8> =
        packed(&main).into_iter().zip(packed(&early)).flat_map(|((_, a), (_, b))| [a, b].concat()).collect();
    assert_eq!(look(&two).unwrap().copies("x").count(), 1);
}

/// Made by `lz4 -l` 1.9.4 and lzop 1.04 of an archive that gets smaller.
#[test]
fn what_programs_make() {
    let images: [&[u8]; 2] = [
        include_bytes!("../../../../../tests/fixtures/images/one.lz4"),
        include_bytes!("../../../../../tests/fixtures/images/one.lzo"),
    ];
    for image in images {
        let tree = look(image).unwrap();
        let found = copies(&tree, "x");
        let content = found[0].1.as_ref().unwrap();
        assert_eq!((found.len(), found[0].0.as_str()), (1, "usr/lib/modules/6.1/updates/x.ko"));
        assert_eq!((content.len(), content.matches("module").count()), (7000, 1000));
    }
}

#[test]
fn what_comes_later_replaces_what_is_at_the_same_path() {
    let image = [
        archive(&[file("usr/lib/modules/6.1/x.ko", "old"), file("usr/lib/modules/6.1/updates/x.ko.xz", "both")]),
        archive(&[file("./lib/modules/6.1/x.ko", "new")]),
    ]
    .concat();
    let tree = look(&image).unwrap();
    let expected = [("usr/lib/modules/6.1/updates/x.ko.xz", "both"), ("lib/modules/6.1/x.ko", "new")];
    let expected = expected.map(|(path, content)| (path.to_owned(), Ok(content.to_owned())));
    assert_eq!(copies(&tree, "x"), expected);
    assert_eq!(tree.loaded("x", "6.1").unwrap(), Inside::Several);
}

#[test]
fn which_copy_is_loaded() {
    let at = |image: &[u8], release: &str| match look(image).unwrap().loaded("a_b", release).unwrap() {
        Inside::One(copy) => copy.path.clone(),
        other => format!("{other:?}"),
    };
    let booster = archive(&[file("usr/lib/modules/a-b.ko", "1")]);
    assert_eq!(at(&booster, "6.1"), "usr/lib/modules/a-b.ko");
    let two = [file("lib/modules/6.1/kernel/a-b.ko", "1"), file("lib/modules/6.1/updates/a-b.ko", "2")];
    assert_eq!(at(&archive(&two), "6.1"), "Several");
    assert_eq!(at(&archive(&two), "6.2"), "Nothing");
    let shared = ["other", "lib/modules/6.1/modules.dep"].map(|path| numbered(path, FILE, b"kernel/a-b.ko:\n", 2, 1));
    assert_eq!(at(&archive(&[two.concat(), shared.concat()]), "6.1"), "lib/modules/6.1/kernel/a-b.ko");
    let index = file("usr/lib/modules/6.1/modules.dep", "updates/a-b.ko:\n");
    assert_eq!(at(&archive(&[two.concat(), index]), "6.1"), "lib/modules/6.1/updates/a-b.ko");
    let other = file("usr/lib/modules/6.1/modules.dep", "updates/x.ko:\n");
    assert_eq!(at(&archive(&[two.concat(), other]), "6.1"), "Unlisted");
    let damaged = file("usr/lib/modules/6.1/modules.dep.bin", "updates/a-b.ko:\n");
    assert!(look(&archive(&[two.concat(), damaged])).unwrap().loaded("a-b", "6.1").is_err());
}

#[test]
fn links_and_second_names() {
    let image = archive(&[
        member("lib/modules/6.1/weak-updates/x.ko", LINK, b"../../6.0/extra/x.ko"),
        numbered("lib/modules/6.0/extra/x.ko", FILE, b"", 2, 7),
        numbered("somewhere/else", FILE, b"behind", 2, 7),
        numbered("before", FILE, b"lost", 2, 8),
        numbered("lib/modules/6.0/x.ko", FILE, b"", 2, 8),
        member("lib/modules/6.2/x.ko", LINK, b"/nowhere/x.ko"),
        member("lib/modules/6.3/x.ko", LINK, b"x.ko"),
        member("lib/modules/6.4/x.ko", 0o040_755, b""),
    ]);
    // In another archive the same number is another file's.
    let tree = look(&[image, archive(&[numbered("another", FILE, b"no", 2, 7)])].concat()).unwrap();
    let found = copies(&tree, "x");
    let content = |path: &str| found.iter().find(|(at, _)| at == path).unwrap().1.as_deref();
    assert_eq!(content("lib/modules/6.0/extra/x.ko"), Ok("behind"));
    assert_eq!(content("lib/modules/6.1/weak-updates/x.ko"), Ok("behind"));
    for (path, reason) in [
        ("lib/modules/6.0/x.ko", "another name of"),
        ("lib/modules/6.2/x.ko", "not in the image"),
        ("lib/modules/6.3/x.ko", "circle"),
    ] {
        assert!(content(path).unwrap_err().contains(reason), "{path}");
    }
    assert_eq!(found.len(), 5);
}

#[test]
fn where_a_kernel_stops_a_reason_is_given() {
    let one = archive(&[file("x.ko", "content")]);
    let unaligned = [&one[..], b"\0", &one].concat();
    let junk = zstd::stream::encode_all(&[&one[..], b"junk"].concat()[..], 3).unwrap();
    let named = |from: usize, to: &[u8]| {
        let mut damaged = one.clone();
        damaged[from..from + to.len()].copy_from_slice(to);
        damaged
    };
    for (image, reason) in [
        (&b""[..], "no archive"),
        (&[0; 4096], "no archive"),
        (b"\x27\x05\x19\x56 uImage", "at byte 0: neither"),
        (&unaligned, "multiple of four"),
        (&junk, "between its members"),
        (&one[..one.len() - 20], "cut off"),
        (&one[..50], "cut off"),
        (&named(0, b"070707"), "no member"),
        (&named(54, b"zzzzzzzz"), "damaged"),
        (&named(54, b"ffffffff"), "too many to look at"),
        (&[&one[..], b"\x1f\x8bnothing"].concat(), "gzip"),
    ] {
        let error = look(image).unwrap_err();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    let last = one.len() - member("TRAILER!!!", 0, b"").len();
    assert_eq!(look(&one[..last - 1]).unwrap().copies("x").count(), 1, "padding may be missing");
}

#[test]
fn what_an_image_may_cost() {
    let one = archive(&[file("x.ko", "content"), file("rest", &"r".repeat(4000))]);
    let image = [one.clone(), zstd::stream::encode_all(&one[..], 3).unwrap()].concat();
    let whole = Limits { unpacked: 6000, kept: 2000, members: 6, parts: 1 };
    let within = |limits: Limits| parse(Cursor::new(&image), &Wanted::new(["x"]), limits).is_ok();
    assert!(within(whole));
    for less in [
        Limits { unpacked: 4200, ..whole },
        Limits { kept: 400, ..whole },
        Limits { members: 5, ..whole },
        Limits { parts: 0, ..whole },
    ] {
        assert!(!within(less), "{less:?}");
    }
    let bomb = zstd::stream::encode_all(io::repeat(0).take(64 << 20), 3).unwrap();
    let limits = Limits { unpacked: 1 << 20, ..Limits::default() };
    assert!(parse(Cursor::new(bomb), &Wanted::default(), limits).unwrap_err().contains("more in it"));
}

#[test]
fn damage_is_survived() {
    let one = archive(&[file("x.ko", "content"), member("a-b.ko", LINK, b"x.ko"), file("rest", &"rest ".repeat(99))]);
    let images = packed(&one).into_iter().map(|(_, part)| [one.clone(), part].concat()).chain([one.clone()]);
    for image in images {
        for at in (0..image.len()).step_by(5) {
            let mut damaged = image.clone();
            damaged[at] = damaged[at].wrapping_add(1 + u8::try_from(at % 200).unwrap());
            let limits = Limits { unpacked: 1 << 20, kept: 1 << 20, ..Limits::default() };
            let _ = parse(Cursor::new(&damaged), &Wanted::new(["x", "a-b"]), limits);
            let _ = parse(Cursor::new(&image[..at]), &Wanted::new(["x", "a-b"]), limits);
        }
    }
}

#[test]
fn a_file_is_read_through_the_root() {
    let (_directory, setup) = crate::testing::setup();
    crate::testing::write(&setup, "/boot/initrd.img-6.1", archive(&[file("x.ko", "content")]));
    let wanted = Wanted::new(["x"]);
    assert_eq!(read(&setup.root, Path::new("/boot/initrd.img-6.1"), &wanted).unwrap().copies("x").count(), 1);
    assert!(read(&setup.root, Path::new("/boot"), &wanted).is_err());
    crate::testing::write(&setup, "/boot/initrd.img-6.1", "nothing");
    let error = read(&setup.root, Path::new("/boot/initrd.img-6.1"), &wanted).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read `/boot/initrd.img-6.1`: at byte 0: neither an archive nor a compressed one begins here"
    );
}
