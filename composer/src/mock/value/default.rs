//! The default of each type, and what has to be made at each call.

use super::super::data::Address;
use super::super::layout;
use super::super::types::{Kind, NodeId, Types};
use super::{Fault, Fill, Result, Writer};

impl Writer<'_, '_> {
    /// Writes the default of the type: zero, empty, `none`, `ok`, the first case that has one, a new handle.
    pub(in crate::mock) fn default(&mut self, id: NodeId, at: Address) -> Result<()> {
        let types = self.types;
        let node = types.get(id);
        match &node.kind {
            Kind::FixedList(element, len) if has_to_be_made(types, *element) => {
                let size = types.get(*element).size;
                (0..*len).try_for_each(|index| self.default(*element, at + index * size))
            }
            Kind::Record(fields) | Kind::Tuple(fields) => {
                fields.iter().try_for_each(|field| self.default(field.node, at + field.offset))
            }
            Kind::Variant { tag_bytes, payload_offset, cases, .. } => {
                let mut fault = None;
                for (position, case) in cases.iter().enumerate() {
                    let fills = self.fills.len();
                    let written = match case.payload {
                        Some(payload) => self.default(payload, at + payload_offset),
                        None => Ok(()),
                    };
                    match written {
                        Ok(()) => {
                            let tag = u32::try_from(position).unwrap_or(u32::MAX).to_le_bytes();
                            self.data.set(at, &tag[..*tag_bytes as usize]);
                            return Ok(());
                        }
                        Err(error @ Fault::NoDefault(_)) => {
                            self.fills.truncate(fills);
                            self.data.set(at, &vec![0; node.size as usize]);
                            fault.get_or_insert(error);
                        }
                        Err(error) => return Err(error),
                    }
                }
                fault.map_or(Ok(()), Err)
            }
            Kind::Own(index) => {
                self.handle(*index, None, at);
                Ok(())
            }
            Kind::Borrow(index) | Kind::Foreign(index) => Err(Fault::NoDefault(*index)),
            Kind::Stream(index) => {
                self.fills.push(Fill { words: [layout::FILL_STREAM, at, *index as u32, 0, 0] });
                Ok(())
            }
            Kind::Future(index, payload) => {
                let image = payload.map(|payload| {
                    let image = self.room(payload)?;
                    self.default(payload, image)?;
                    Ok::<_, Fault>((payload, image))
                });
                self.future(*index, image.transpose()?, at);
                Ok(())
            }
            // All of them are zeros: no address is read where the length is 0.
            _ => Ok(()),
        }
    }

    pub(super) fn handle(&mut self, resource: usize, number: Option<u32>, at: Address) {
        let (number, counter) = match number {
            Some(number) => (number, 0),
            None => (0, self.counters[resource]),
        };
        self.fills.push(Fill { words: [layout::FILL_HANDLE, at, resource as u32, number, counter] });
    }

    pub(super) fn future(&mut self, channel: usize, image: Option<(NodeId, Address)>, at: Address) {
        let (address, bytes) = image.map_or((0, 0), |(node, image)| (image, self.types.get(node).size));
        self.fills.push(Fill { words: [layout::FILL_FUTURE, at, channel as u32, address, bytes] });
    }
}

/// Whether zeros are not enough for the default: something is made at each call, or the first case has no default.
fn has_to_be_made(types: &Types<'_>, id: NodeId) -> bool {
    types.get(id).handles
}
