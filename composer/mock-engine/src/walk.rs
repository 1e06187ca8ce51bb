//! Walks over a value of any type: writes it as WAVE, and finds the handles in it.
//!
//! Generator and engine both compile this file, so that stated arguments and those of a call become the same text.

use super::layout::*;

/// The memory that values and types lie in.
pub trait Memory {
    /// The `len` bytes at `address`.
    fn bytes(&self, address: u32, len: u32) -> &[u8];

    /// The number of an owned handle of the resource.
    fn number(&self, resource: u32, handle: u32) -> u32;

    /// The word at `index` of the table at `address`.
    fn word(&self, address: u32, index: u32) -> u32 {
        self.load(address + 4 * index, 4) as u32
    }

    /// An integer of `size` bytes.
    fn load(&self, address: u32, size: u32) -> u64 {
        let mut bytes = [0; 8];
        let found = self.bytes(address, size);
        bytes[..found.len()].copy_from_slice(found);
        u64::from_le_bytes(bytes)
    }
}

/// A handle that was found in a value.
pub struct Found {
    /// [`OWN`], [`FOREIGN`], [`STREAM`] or [`FUTURE`].
    pub kind: u32,
    /// The index of the resource or channel.
    pub index: u32,
    /// The handle itself.
    pub handle: u32,
}

/// Where a value is.
#[derive(Clone, Copy)]
pub enum Place {
    /// In the next flat parameters.
    Flat,
    /// At an address.
    At(u32),
}

impl Place {
    fn plus(self, offset: u32) -> Self {
        match self {
            Place::Flat => Place::Flat,
            Place::At(address) => Place::At(address + offset),
        }
    }
}

/// A walk, and what it brings home.
pub struct Walk<'a, M> {
    memory: &'a M,
    flat: &'a [u64],
    /// The value as WAVE.
    pub text: String,
    /// The handles, in order.
    pub found: Vec<Found>,
    /// Without it only handles are looked for.
    pub writes: bool,
}

impl<'a, M: Memory> Walk<'a, M> {
    /// A walk over values in `memory` and in flat parameters.
    pub fn new(memory: &'a M, flat: &'a [u64], writes: bool) -> Self {
        Self { memory, flat, text: String::new(), found: Vec::new(), writes }
    }

    /// Walks over one value of the type.
    pub fn value(&mut self, ty: u32, place: Place) {
        if !self.writes && self.memory.word(ty, HANDLES) == 0 {
            self.skip(ty, place);
            return;
        }
        let size = self.memory.word(ty, SIZE);
        match self.memory.word(ty, KIND) {
            BOOL => {
                let text = if self.take(place, 1) == 0 { "false" } else { "true" };
                self.write(text);
            }
            SIGNED => {
                let unused = 64 - 8 * size;
                let number = (self.take(place, size) << unused) as i64 >> unused;
                self.write(&number.to_string());
            }
            UNSIGNED => {
                let number = self.take(place, size);
                self.write(&number.to_string());
            }
            FLOAT => self.float(place, size),
            CHAR => {
                let character = char::from_u32(self.take(place, 4) as u32).unwrap_or('\u{fffd}');
                self.write("'");
                self.character(character);
                self.write("'");
            }
            STRING => self.string(place),
            LIST => self.list(ty, place),
            FIXED_LIST => {
                let (element, len) = (self.memory.word(ty, DETAIL), self.memory.word(ty, DETAIL + 1));
                self.elements(element, place, len);
            }
            RECORD => self.record(ty, place),
            TUPLE => self.tuple(ty, place),
            VARIANT => self.variant(ty, place),
            FLAGS => self.flags(ty, place),
            BORROW => {
                let number = self.take(place, 4);
                self.write(&number.to_string());
            }
            kind => self.handle(kind, ty, place),
        }
    }

    /// The next flat parameter, or what lies at the address, without what does not belong to it.
    fn take(&mut self, place: Place, size: u32) -> u64 {
        match place {
            Place::At(address) => self.memory.load(address, size),
            Place::Flat => {
                let (first, rest) = self.flat.split_first().expect("a slot for each flat parameter");
                self.flat = rest;
                if size == 8 { *first } else { first & ((1 << (8 * size)) - 1) }
            }
        }
    }

    fn skip(&mut self, ty: u32, place: Place) {
        if let Place::Flat = place {
            self.flat = &self.flat[self.memory.word(ty, FLAT) as usize..];
        }
    }

    fn pair(&mut self, place: Place) -> (u32, u32) {
        (self.take(place, 4) as u32, self.take(place.plus(4), 4) as u32)
    }

    fn float(&mut self, place: Place, size: u32) {
        let bits = self.take(place, size);
        let text = if size == 4 {
            let number = f32::from_bits(bits as u32);
            if number.is_nan() { "nan".to_owned() } else { number.to_string() }
        } else {
            let number = f64::from_bits(bits);
            if number.is_nan() { "nan".to_owned() } else { number.to_string() }
        };
        self.write(&text);
    }

    fn string(&mut self, place: Place) {
        let (address, len) = self.pair(place);
        let memory = self.memory;
        self.write("\"");
        for character in String::from_utf8_lossy(memory.bytes(address, len)).chars() {
            self.character(character);
        }
        self.write("\"");
    }

    fn list(&mut self, ty: u32, place: Place) {
        let (address, len) = self.pair(place);
        self.elements(self.memory.word(ty, DETAIL), Place::At(address), len);
    }

    fn elements(&mut self, element: u32, place: Place, len: u32) {
        let size = self.memory.word(element, SIZE);
        self.write("[");
        for index in 0..len {
            self.write(if index == 0 { "" } else { ", " });
            self.value(element, place.plus(index * size));
        }
        self.write("]");
    }

    fn record(&mut self, ty: u32, place: Place) {
        let mut first = true;
        self.write("{");
        for index in 0..self.memory.word(ty, DETAIL) {
            let field = ty + 4 * (DETAIL + 1 + index * FIELD_WORDS);
            let (ty, place) = (self.memory.word(field, 2), place.plus(self.memory.word(field, 3)));
            // As everywhere in WAVE, a field that is `none` is left out.
            if self.is_none(ty, place) {
                self.skip(ty, place);
                continue;
            }
            self.write(if first { "" } else { ", " });
            first = false;
            self.name(field);
            self.write(": ");
            self.value(ty, place);
        }
        self.write(if first { ":}" } else { "}" });
    }

    fn is_none(&self, ty: u32, place: Place) -> bool {
        let memory = self.memory;
        let is_option = memory.word(ty, KIND) == VARIANT && {
            let first_case = ty + 4 * (DETAIL + 3);
            memory.bytes(memory.word(first_case, 0), memory.word(first_case, 1)) == b"none"
        };
        is_option
            && match place {
                Place::At(address) => memory.load(address, 1) == 0,
                Place::Flat => self.flat.first().is_some_and(|tag| tag & 0xff == 0),
            }
    }

    fn tuple(&mut self, ty: u32, place: Place) {
        self.write("(");
        for index in 0..self.memory.word(ty, DETAIL) {
            self.write(if index == 0 { "" } else { ", " });
            self.member(ty, index, place);
        }
        self.write(")");
    }

    /// Walks over one member of a tuple.
    pub fn member(&mut self, tuple: u32, index: u32, place: Place) {
        let member = tuple + 4 * (DETAIL + 1 + index * FIELD_WORDS);
        self.value(self.memory.word(member, 2), place.plus(self.memory.word(member, 3)));
    }

    fn variant(&mut self, ty: u32, place: Place) {
        let tag = self.take(place, self.memory.word(ty, DETAIL)) as u32;
        let (before, slots) = (self.flat, self.memory.word(ty, FLAT) - 1);
        let case = ty + 4 * (DETAIL + 3 + tag * CASE_WORDS);
        self.name(case);
        let payload = self.memory.word(case, 2);
        if payload != 0 {
            self.write("(");
            self.value(payload, place.plus(self.memory.word(ty, DETAIL + 1)));
            self.write(")");
        }
        if let Place::Flat = place {
            self.flat = &before[slots as usize..];
        }
    }

    fn flags(&mut self, ty: u32, place: Place) {
        let (count, mut bits, mut first) = (self.memory.word(ty, DETAIL), 0, true);
        self.write("{");
        for index in 0..count {
            if index % 32 == 0 {
                let size = self.memory.word(ty, SIZE).min(4);
                bits = self.take(place.plus(index / 8), size);
            }
            if bits >> (index % 32) & 1 == 1 {
                self.write(if first { "" } else { ", " });
                first = false;
                self.name(ty + 4 * (DETAIL + 1 + index * FLAG_WORDS));
            }
        }
        self.write("}");
    }

    fn handle(&mut self, kind: u32, ty: u32, place: Place) {
        let handle = self.take(place, 4) as u32;
        let index = self.memory.word(ty, DETAIL);
        if self.writes {
            match kind {
                OWN => self.text.push_str(&self.memory.number(index, handle).to_string()),
                FOREIGN => self.text.push_str(&handle.to_string()),
                STREAM => self.text.push_str("stream"),
                _ => self.text.push_str("future"),
            }
        }
        self.found.push(Found { kind, index, handle });
    }

    /// The name whose address and length stand at `table`.
    fn name(&mut self, table: u32) {
        if self.writes {
            let name = self.memory.bytes(self.memory.word(table, 0), self.memory.word(table, 1));
            self.text.push_str(&String::from_utf8_lossy(name));
        }
    }

    fn write(&mut self, text: &str) {
        if self.writes {
            self.text.push_str(text);
        }
    }

    fn character(&mut self, character: char) {
        if !self.writes {
            return;
        }
        if "\\\"'\t\r\n".contains(character) {
            self.text.extend(character.escape_default());
        } else if character.is_control() {
            self.text.extend(character.escape_unicode());
        } else {
            self.text.extend(character.escape_debug());
        }
    }
}
