//! Unpacking: xz, gzip, zip and tar, recognised by their first bytes and never by their names.
//!
//! Everything stays in memory and within limits that hold before anything is allocated for it, so that a file
//! of a few kilobytes that unpacks to gigabytes is refused and not suffered. No path that an archive names is
//! ever written to disk; names serve messages and the recognition of a format's parts only.

use crate::read::{MAX_INPUT, ReadError};
use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use std::{
    borrow::Cow,
    io::{Cursor, Read},
};

/// The most files that one archive may hold.
pub(crate) const MAX_MEMBERS: usize = 2_000;
/// How many packings may lie around a file: `.tar.xz` is two.
pub(crate) const MAX_NESTING: usize = 2;
/// The memory that an xz dictionary may ask for, in KiB. `xz -9` asks for 64 MiB and a little.
const XZ_MEMORY_KIB: u32 = 80 * 1_024;

/// One file out of an input: the input itself where it was not packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// For messages: `export.zip!folder/sessions.json`.
    pub name: String,
    /// Its content.
    pub bytes: Cow<'a, [u8]>,
}

/// The files inside `bytes`, in the archive's order; the input itself where it is not packed.
///
/// Left out: folders, links, devices, and what is an image, a sound or a film by its name, which exports carry
/// beside the programme.
///
/// # Errors
/// When a packing is damaged or encrypted, when more than [`MAX_INPUT`] bytes or [`MAX_MEMBERS`] files come out,
/// or when packings lie more than [`MAX_NESTING`] deep.
pub(crate) fn unpack<'a>(name: &str, bytes: &'a [u8]) -> Result<Vec<Member<'a>>, ReadError> {
    if bytes.len() > MAX_INPUT {
        return Err(too_large(name));
    }
    let mut out = vec![];
    let mut room = Room { bytes: MAX_INPUT, members: MAX_MEMBERS };
    open(Member { name: name.to_owned(), bytes: Cow::Borrowed(bytes) }, 0, &mut room, &mut out)?;
    Ok(out)
}

/// What may still come out of one input.
struct Room {
    bytes: usize,
    members: usize,
}

/// A packing that is recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    Xz,
    Gzip,
    Zip,
    Tar,
}

impl Packing {
    /// By the magic bytes: xz-file-format 1.2.1 section 2.1.1.1, RFC 1952 section 2.3.1, APPNOTE.TXT 4.3.7 and
    /// 4.3.16, POSIX.1-2017 pax section "ustar Interchange Format".
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\xFD7zXZ\0") {
            Some(Self::Xz)
        } else if bytes.starts_with(b"\x1F\x8B") {
            Some(Self::Gzip)
        } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else if bytes.get(257..262) == Some(b"ustar") {
            Some(Self::Tar)
        } else {
            None
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Xz => "xz file",
            Self::Gzip => "gzip file",
            Self::Zip => "zip archive",
            Self::Tar => "tar archive",
        }
    }
}

fn open<'a>(
    member: Member<'a>,
    depth: usize,
    room: &mut Room,
    out: &mut Vec<Member<'a>>,
) -> Result<(), ReadError> {
    let Some(packing) = Packing::of(&member.bytes) else {
        out.push(member);
        return Ok(());
    };
    if depth == MAX_NESTING {
        return Err(ReadError::malformed(
            &member.name,
            "",
            format!("it is packed more than {MAX_NESTING} times over"),
            "Unpack it by hand and give the file that is inside",
        ));
    }
    let name = &member.name;
    let damaged = |error: std::io::Error| damaged(name, packing, &error);
    match packing {
        Packing::Xz => {
            let reader = XzReader::new_mem_limit(Cursor::new(&*member.bytes), true, XZ_MEMORY_KIB);
            let bytes = take(reader, name, packing, room)?;
            open(Member { name: without_suffix(name, ".xz"), bytes: Cow::Owned(bytes) }, depth + 1, room, out)
        }
        Packing::Gzip => {
            let bytes = take(MultiGzDecoder::new(&*member.bytes), name, packing, room)?;
            open(Member { name: without_suffix(name, ".gz"), bytes: Cow::Owned(bytes) }, depth + 1, room, out)
        }
        Packing::Tar => {
            let mut archive = tar::Archive::new(&*member.bytes);
            for entry in archive.entries().map_err(damaged)? {
                let entry = entry.map_err(damaged)?;
                let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                if !entry.header().entry_type().is_file() || is_beside_the_point(&path) {
                    continue;
                }
                let inner = inside(name, &path, room)?;
                let bytes = take(entry, &inner, packing, room)?;
                open(Member { name: inner, bytes: Cow::Owned(bytes) }, depth + 1, room, out)?;
            }
            Ok(())
        }
        Packing::Zip => {
            let mut archive =
                zip::ZipArchive::new(Cursor::new(&*member.bytes)).map_err(|error| damaged(error.into()))?;
            for at in 0..archive.len() {
                let file = archive.by_index(at).map_err(|error| damaged(error.into()))?;
                let path = String::from_utf8_lossy(file.name_raw()).into_owned();
                if !file.is_file() || is_beside_the_point(&path) {
                    continue;
                }
                let inner = inside(name, &path, room)?;
                let bytes = take(file, &inner, packing, room)?;
                open(Member { name: inner, bytes: Cow::Owned(bytes) }, depth + 1, room, out)?;
            }
            Ok(())
        }
    }
}

/// Reads to the end, within what may still come out.
fn take(reader: impl Read, name: &str, packing: Packing, room: &mut Room) -> Result<Vec<u8>, ReadError> {
    let mut bytes = vec![];
    let limit = u64::try_from(room.bytes).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut bytes).map_err(|error| damaged(name, packing, &error))?;
    match room.bytes.checked_sub(bytes.len()) {
        Some(left) => room.bytes = left,
        None => return Err(too_large(name)),
    }
    Ok(bytes)
}

/// The name of a file in an archive, counted against the number that it may hold.
fn inside(archive: &str, path: &str, room: &mut Room) -> Result<String, ReadError> {
    match room.members.checked_sub(1) {
        Some(left) => room.members = left,
        None => {
            return Err(ReadError::too_large(archive, "", format!("{MAX_MEMBERS} files")));
        }
    }
    Ok(format!("{archive}!{}", model::text::excerpt(path.trim_start_matches("./"), 200)))
}

/// Pictures, sounds and films that exports carry beside the programme, and what file managers leave behind.
fn is_beside_the_point(path: &str) -> bool {
    const MEDIA: [&str; 14] =
        ["png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "bmp", "pdf", "mp3", "mp4", "ogg", "webm", "ttf"];
    let base = path.rsplit(['/', '\\']).next().unwrap_or(path);
    base.is_empty()
        || base.starts_with("._")
        || base == ".DS_Store"
        || path.starts_with("__MACOSX/")
        || base
            .rsplit_once('.')
            .is_some_and(|(_, kind)| MEDIA.iter().any(|media| kind.eq_ignore_ascii_case(media)))
}

/// The name that a packed file has without its packing's suffix.
fn without_suffix(name: &str, suffix: &str) -> String {
    match name.len().checked_sub(suffix.len()).and_then(|at| name.split_at_checked(at)) {
        Some((stem, end)) if end.eq_ignore_ascii_case(suffix) && !stem.is_empty() => stem.to_owned(),
        _ => name.to_owned(),
    }
}

fn damaged(name: &str, packing: Packing, error: &std::io::Error) -> ReadError {
    ReadError::malformed(
        name,
        "",
        format!("this is a damaged {}: {}", packing.name(), model::text::excerpt(&error.to_string(), 120)),
        "Download or pack it again, without a password",
    )
}

fn too_large(name: &str) -> ReadError {
    ReadError::too_large(name, "", format!("{} MiB when unpacked", MAX_INPUT >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(vec![]);
        for (path, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(vec![]));
        for (path, bytes) in files {
            writer.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// "hello\n" by `xz -9`.
    const XZ: &[u8] = b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x1c\x00\x00\x00\x10\xcfX\xcc\x01\x00\x05hello\x0a\x00\x00\x00\xa5`\x97\xf1\x94\xf6\xfd\xe0\x00\x01\x1e\x06\xc1/\xa4\x1d\x1f\xb6\xf3}\x01\x00\x00\x00\x00\x04YZ";

    fn names(members: &[Member<'_>]) -> Vec<String> {
        members.iter().map(|member| member.name.clone()).collect()
    }

    #[test]
    fn what_is_not_packed_stays_as_it_is() {
        let members = unpack("a.xml", b"<schedule/>").unwrap();
        assert_eq!(names(&members), ["a.xml"]);
        assert!(matches!(members[0].bytes, Cow::Borrowed(b"<schedule/>")));
    }

    #[test]
    fn every_packing_is_recognised_by_its_bytes_whatever_the_name_says() {
        assert_eq!(
            unpack("a.txt.xz", XZ).unwrap()[0],
            Member { name: "a.txt".into(), bytes: Cow::Owned(b"hello\n".to_vec()) }
        );
        assert_eq!(&*unpack("x", &gzip(b"hi")).unwrap()[0].bytes, b"hi");
        let zipped = zip_of(&[("one/a.json", b"1"), ("one/logo.PNG", b"2"), ("__MACOSX/one/a.json", b"3")]);
        assert_eq!(names(&unpack("e.zip", &zipped).unwrap()), ["e.zip!one/a.json"]);
        let packed = gzip(&tar_of(&[("f/sessions", b"[]"), ("f/event", b"{}")]));
        let members = unpack("e.tar.gz", &packed).unwrap();
        assert_eq!(names(&members), ["e.tar!f/sessions", "e.tar!f/event"]);
    }

    #[test]
    fn a_bomb_is_refused_before_it_fills_the_memory() {
        let error = unpack("bomb.gz", &gzip(&vec![0; MAX_INPUT + 1])).unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
        let half = vec![0; MAX_INPUT / 2 + 1];
        let error = unpack("bomb.zip", &zip_of(&[("a", &half), ("b", &half)])).unwrap_err();
        assert!(error.to_string().contains("64 MiB"), "{error}");
    }

    #[test]
    fn packings_in_packings_and_countless_files_are_refused() {
        let deep = gzip(&gzip(&gzip(b"x")));
        assert!(unpack("a.gz.gz.gz", &deep).unwrap_err().to_string().contains("packed more than 2 times"));
        let files: Vec<(String, &[u8])> =
            (0..=MAX_MEMBERS).map(|number| (format!("{number}.json"), &b""[..])).collect();
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        assert!(unpack("many.tar", &tar_of(&files)).unwrap_err().to_string().contains("2000 files"));
    }

    #[test]
    fn a_cut_or_damaged_packing_says_so_and_what_to_do() {
        for bytes in [&XZ[..30], &gzip(b"hello hello")[..14], b"PK\x03\x04nonsense"] {
            let error = unpack("a.bin", bytes).unwrap_err().to_string();
            assert!(error.starts_with("a.bin: this is a damaged"), "{error}");
            assert!(error.contains("pack it again"), "{error}");
        }
    }

    #[test]
    fn a_path_out_of_the_archive_is_a_name_and_nothing_else() {
        let zipped = zip_of(&[("../../etc/passwd", b"x")]);
        let members = unpack("e.zip", &zipped).unwrap();
        assert_eq!(members[0].name, "e.zip!../../etc/passwd");
    }

    proptest! {
        #[test]
        fn mutated_packings_never_panic(kind in 0..4_usize, at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
            let mut bytes = match kind {
                0 => XZ.to_vec(),
                1 => gzip(b"some text, some text"),
                2 => zip_of(&[("a.json", b"{}"), ("b.json", b"[1, 2]")]),
                _ => tar_of(&[("a.json", b"{}"), ("b.json", b"[1, 2]")]),
            };
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len()) + 1);
            let _ = unpack("x", &bytes);
        }

        #[test]
        fn arbitrary_bytes_never_panic(kind in 0..4_usize, tail in prop::collection::vec(any::<u8>(), 0..600)) {
            let magic: &[u8] = [&b"\xFD7zXZ\0"[..], b"\x1F\x8B", b"PK\x03\x04", b""][kind];
            let _ = unpack("x", &[magic, &tail].concat());
        }
    }
}
