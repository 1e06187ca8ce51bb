//! The table of a type, which the engine reads.

use super::super::data::Data;
use super::super::error::MockError;
use super::super::layout;
use super::{Field, Kind, NodeId, Style, Types, is_keyword};

impl Types<'_> {
    /// The kind's number, and the words that follow those of every type.
    pub(super) fn words(&self, kind: &Kind, data: &mut Data) -> Result<(u32, Vec<u32>), MockError> {
        let address = |id: &NodeId| self.nodes[*id].address;
        let fields = |fields: &[Field], data: &mut Data| -> Result<Vec<u32>, MockError> {
            let mut words = vec![fields.len() as u32];
            for field in fields {
                words.extend(data.text(&field.name)?);
                words.extend([address(&field.node), field.offset]);
            }
            Ok(words)
        };
        Ok(match kind {
            Kind::Bool => (layout::BOOL, vec![]),
            Kind::Signed => (layout::SIGNED, vec![]),
            Kind::Unsigned => (layout::UNSIGNED, vec![]),
            Kind::Float => (layout::FLOAT, vec![]),
            Kind::Char => (layout::CHAR, vec![]),
            Kind::String => (layout::STRING, vec![]),
            Kind::List(element) => (layout::LIST, vec![address(element)]),
            Kind::FixedList(element, len) => (layout::FIXED_LIST, vec![address(element), *len]),
            Kind::Record(members) => (layout::RECORD, fields(members, data)?),
            Kind::Tuple(members) => (layout::TUPLE, fields(members, data)?),
            Kind::Variant { style, tag_bytes, payload_offset, cases } => {
                let mut words = vec![*tag_bytes, *payload_offset, cases.len() as u32];
                for case in cases {
                    let escape = *style == Style::Plain && is_keyword(&case.name);
                    let name = if escape { format!("%{}", case.name) } else { case.name.clone() };
                    words.extend(data.text(&name)?);
                    words.push(case.payload.as_ref().map_or(0, address));
                }
                (layout::VARIANT, words)
            }
            Kind::Flags(flags) => {
                let mut words = vec![flags.len() as u32];
                for flag in flags {
                    words.extend(data.text(flag)?);
                }
                (layout::FLAGS, words)
            }
            Kind::Own(index) => (layout::OWN, vec![*index as u32]),
            Kind::Borrow(index) => (layout::BORROW, vec![*index as u32]),
            Kind::Foreign(index) => (layout::FOREIGN, vec![*index as u32]),
            Kind::Stream(index) => (layout::STREAM, vec![*index as u32]),
            Kind::Future(index, _) => (layout::FUTURE, vec![*index as u32]),
        })
    }
}
