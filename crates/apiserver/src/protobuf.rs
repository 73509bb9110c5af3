//! Reads request bodies in the protobuf form of Kubernetes into their JSON form, the only one the
//! rest knows. Bounding a body's size is left to the caller, answering to `pipeline`.

mod error;
mod message;
mod special;
mod table;
mod wire;

pub(crate) use error::ProtobufError;

use error::{Broken, Flaw};
use message::Reader;
use serde_json::Value;
use table::{Message, TABLE};
use wire::{Wire, fields};

/// The media type of these bodies, and of the object in their envelope.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

const MAGIC: &[u8] = b"k8s\0";

/// The object in a body, as JSON would say it. Members without a value are left out, never null.
pub(crate) fn decode(body: &[u8]) -> Result<Value, ProtobufError> {
    let envelope = body.strip_prefix(MAGIC).ok_or(ProtobufError::NoMagic)?;
    let envelope = Envelope::read(envelope)?;
    if !envelope.is_plain() {
        return Err(ProtobufError::Encoded);
    }
    let message = envelope.message().ok_or(ProtobufError::UnknownKind)?;
    let mut object = Reader::new(body.len()).read(message, envelope.object)?;
    object["apiVersion"] = envelope.api_version.into();
    object["kind"] = envelope.kind.into();
    Ok(object)
}

/// What stands around every object; the object itself does not say what it is.
#[derive(Default)]
struct Envelope<'a> {
    api_version: &'a str,
    kind: &'a str,
    object: &'a [u8],
    encoding: &'a str,
    media_type: &'a str,
}

impl<'a> Envelope<'a> {
    fn read(body: &'a [u8]) -> Result<Self, Broken> {
        let mut envelope = Self::default();
        for field in fields(body) {
            match field? {
                (1, Wire::Bytes(type_meta)) => envelope.read_type(type_meta)?,
                (2, Wire::Bytes(object)) => envelope.object = object,
                (3, Wire::Bytes(text)) => envelope.encoding = wire::text(text)?,
                (4, Wire::Bytes(text)) => envelope.media_type = wire::text(text)?,
                (1..=4, _) => return Err(Flaw::WrongType.into()),
                _ => {}
            }
        }
        Ok(envelope)
    }

    fn read_type(&mut self, body: &'a [u8]) -> Result<(), Flaw> {
        for field in fields(body) {
            match field? {
                (1, Wire::Bytes(text)) => self.api_version = wire::text(text)?,
                (2, Wire::Bytes(text)) => self.kind = wire::text(text)?,
                (1 | 2, _) => return Err(Flaw::WrongType),
                _ => {}
            }
        }
        Ok(())
    }

    fn is_plain(&self) -> bool {
        self.encoding.is_empty() && matches!(self.media_type, "" | MEDIA_TYPE)
    }

    /// Options are the same in every group, and say the group of what they are for.
    fn message(&self) -> Option<&'static Message> {
        let of_any_group = || TABLE.body("meta.k8s.io/v1", self.kind);
        TABLE
            .body(self.api_version, self.kind)
            .or_else(of_any_group)
    }
}

#[cfg(test)]
mod tests;
