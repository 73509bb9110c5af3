//! Exports encrypted for age recipients, and opened with an age identity. The armoured form is text, so
//! that it can be mailed and committed.

use std::io::{Read as _, Write as _};
use std::path::Path;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::x25519::Recipient;
use age::{DecryptError, Decryptor, Encryptor, IdentityFile};
use bowline_core::Sensitive;

use crate::catalog::usage;
use crate::failure::{Failure, Kind};

/// The longest export that is opened.
const LONGEST: u64 = 64 * 1024 * 1024;
/// What armoured and bare files of age begin with.
const MARKS: [&[u8]; 2] = [
    b"-----BEGIN AGE ENCRYPTED FILE-----",
    b"age-encryption.org/",
];

/// Reads recipients as they stand on the command line.
///
/// # Errors
/// When one is none; it is not repeated, for it may be an identity by mistake.
pub fn recipients(texts: &[String]) -> Result<Vec<Recipient>, Failure> {
    let read = |(index, text): (usize, &String)| {
        text.parse::<Recipient>().map_err(|_| {
            let what = format!("recipient {} is not one of age's", index + 1);
            usage(what).help("it begins with `age1`; `age-keygen -y IDENTITY` prints it")
        })
    };
    texts.iter().enumerate().map(read).collect()
}

/// Encrypts a text for recipients.
///
/// # Errors
/// When there is no recipient.
pub fn encrypt(text: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Failure> {
    let recipients = recipients
        .iter()
        .map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients)
        .map_err(|error| usage("the export cannot be encrypted").caused_by(&error))?;
    let write = || -> std::io::Result<Vec<u8>> {
        let armour = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armour)?;
        writer.write_all(text)?;
        writer.finish()?.finish()
    };
    write().map_err(|error| {
        Failure::new(Kind::Internal, "the export cannot be encrypted").caused_by(&error)
    })
}

/// Whether a file is encrypted with age.
pub fn is_sealed(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    MARKS.iter().any(|mark| bytes.starts_with(mark))
}

/// Decrypts a file with the identities of another.
///
/// # Errors
/// When there is no identity in the file, or none that fits.
pub fn decrypt(bytes: &[u8], identity: &Path) -> Result<Sensitive, Failure> {
    let shown = identity.display();
    let text = std::fs::read(identity)
        .map_err(|error| usage(format!("`{shown}` cannot be read")).caused_by(&error))?;
    let text = Sensitive::new(text);
    // The errors of age could quote a line of the file.
    let identities = IdentityFile::from_buffer(text.expose())
        .map_err(|_| ())
        .and_then(|file| file.into_identities().map_err(|_| ()))
        .map_err(|()| usage(format!("`{shown}` is not a file of age identities")))?;
    let closed = |error: &DecryptError| {
        let failure = usage("the export cannot be decrypted");
        match error {
            DecryptError::NoMatchingKeys => {
                failure.cause(format!("it is for none of the identities in `{shown}`"))
            }
            error => failure.cause(error.to_string()),
        }
    };
    let decryptor =
        Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(|error| closed(&error))?;
    let identities = identities
        .iter()
        .map(|identity| &**identity as &dyn age::Identity);
    let reader = decryptor
        .decrypt(identities)
        .map_err(|error| closed(&error))?;
    let mut text = Vec::new();
    let read = reader.take(LONGEST + 1).read_to_end(&mut text);
    let text = Sensitive::new(text);
    read.map_err(|error| usage("the export cannot be decrypted").caused_by(&error))?;
    match text.len() as u64 > LONGEST {
        true => Err(usage("the export is longer than 64 MiB")),
        false => Ok(text),
    }
}
