//! Reads values of any type from WAVE and puts them into memory as the canonical ABI does.

use std::ops::Range;

use super::data::{Address, Data};
use super::error::MockError;
use super::layout;
use super::token::{NoToken, Token, TokenKind, Tokens};
use super::types::{Field, Kind, NodeId, Style, Types};

/// What has to be made at each call: a handle, a stream, a future.
pub(super) struct Fill {
    pub(super) words: [u32; layout::FILL_WORDS as usize],
}

/// A text that is no value of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoValue {
    /// The place in the text.
    pub(super) span: Range<usize>,
    /// The type that is expected there, as WIT.
    pub(super) expected: String,
    /// What does not fit, when there is more to say.
    pub(super) reason: Option<String>,
}

/// Why a value could not be written.
pub(super) enum Fault {
    /// The text does not fit.
    NoValue(NoValue),
    /// The type has no default, for this resource cannot be made by the stub.
    NoDefault(usize),
    /// There is no room.
    Mock(MockError),
}

impl From<MockError> for Fault {
    fn from(error: MockError) -> Self {
        Self::Mock(error)
    }
}

type Result<T> = std::result::Result<T, Fault>;

/// Writes values into the memory of a stub.
pub(super) struct Writer<'a, 't> {
    pub(super) data: &'a mut Data,
    pub(super) types: &'a Types<'t>,
    /// The words that count the handles that are made of each resource.
    pub(super) counters: &'a [Address],
    /// Arguments to compare with: handles are their numbers, and nothing is made.
    pub(super) compares: bool,
    pub(super) fills: Vec<Fill>,
}

impl Writer<'_, '_> {
    /// Writes the whole of `text` as a value of the type; its address.
    pub(super) fn text(&mut self, node: NodeId, text: &str) -> Result<Address> {
        let mut tokens = Tokens::new(text);
        let address = self.room(node)?;
        self.value(node, &mut tokens, address)?;
        self.end(node, &mut tokens)?;
        Ok(address)
    }

    /// Checks that nothing follows.
    pub(super) fn end(&self, node: NodeId, tokens: &mut Tokens<'_>) -> Result<()> {
        let token = self.next(node, tokens)?;
        if token.kind == TokenKind::End {
            return Ok(());
        }
        Err(self.misfit(node, token.span.start..tokens.text().len(), "there is more than one value"))
    }

    /// Room for one value.
    pub(super) fn room(&mut self, node: NodeId) -> Result<Address> {
        let node = self.types.get(node);
        Ok(self.data.take(node.size, node.align)?)
    }

    /// Reads and writes one value.
    pub(super) fn value(&mut self, id: NodeId, tokens: &mut Tokens<'_>, at: Address) -> Result<()> {
        let types = self.types;
        let node = types.get(id);
        let token = self.peek(id, tokens)?;
        if token.kind == TokenKind::Blank {
            tokens.next().ok();
            if self.compares {
                return Err(self.misfit(id, token.span, "only a whole argument can be `_`"));
            }
            return self.default(id, at);
        }
        match &node.kind {
            Kind::List(element) => self.list(id, *element, tokens, at),
            Kind::FixedList(element, len) => self.fixed_list(id, *element, *len, tokens, at),
            Kind::Record(fields) => self.record(id, fields, tokens, at),
            Kind::Tuple(members) => self.tuple(id, members, tokens, at),
            Kind::Variant { style, .. } => self.variant(id, *style, tokens, at),
            Kind::Flags(names) => self.flags(id, names, tokens, at),
            Kind::Future(index, payload) if !self.compares => {
                let image = payload.map(|payload| {
                    let image = self.room(payload)?;
                    self.value(payload, tokens, image)?;
                    Ok::<_, Fault>((payload, image))
                });
                let image = image.transpose()?;
                if image.is_none() {
                    return Err(self.misfit(id, token.span, "a future without a value is written `_`"));
                }
                self.future(*index, image, at);
                Ok(())
            }
            _ => {
                tokens.next().ok();
                self.simple(id, &token, at)
            }
        }
    }

    /// Values of one word.
    fn simple(&mut self, id: NodeId, token: &Token<'_>, at: Address) -> Result<()> {
        let node = self.types.get(id);
        let size = node.size as usize;
        let bytes: [u8; 8] = match (&node.kind, &token.kind) {
            (Kind::Bool, TokenKind::Name(name @ ("true" | "false"), false)) => {
                u64::from(*name == "true").to_le_bytes()
            }
            (Kind::Signed, TokenKind::Number(number)) => {
                let range = -(1_i128 << (8 * size - 1))..1_i128 << (8 * size - 1);
                (self.integer(id, number, token, &range)? as i64).to_le_bytes()
            }
            (Kind::Unsigned, TokenKind::Number(number)) => {
                (self.integer(id, number, token, &(0..1_i128 << (8 * size)))? as u64).to_le_bytes()
            }
            (Kind::Float, TokenKind::Number(number) | TokenKind::Name(number @ ("nan" | "inf"), false)) => {
                let is_number = number.parse::<f64>().is_ok();
                if !is_number {
                    return Err(self.misfit(id, token.span.clone(), "this is no number"));
                }
                match size {
                    4 => u64::from(number.parse::<f32>().unwrap_or_default().to_bits()).to_le_bytes(),
                    _ => number.parse::<f64>().unwrap_or_default().to_bits().to_le_bytes(),
                }
            }
            (Kind::Char, TokenKind::Char(character)) => u64::from(u32::from(*character)).to_le_bytes(),
            (Kind::String, TokenKind::String(text)) => {
                let [address, len] = if text.is_empty() { [1, 0] } else { self.long_text(text)? };
                (u64::from(len) << 32 | u64::from(address)).to_le_bytes()
            }
            (Kind::Own(index), TokenKind::Number(number)) => {
                let number = self.integer(id, number, token, &(0..1 << 32))? as u32;
                if !self.compares {
                    self.handle(*index, Some(number), at);
                    return Ok(());
                }
                u64::from(number).to_le_bytes()
            }
            (Kind::Borrow(_) | Kind::Foreign(_), TokenKind::Number(number)) if self.compares => {
                (self.integer(id, number, token, &(0..1 << 32))? as u64).to_le_bytes()
            }
            (kind, _) => {
                let reason = match kind {
                    Kind::Own(_) => Some("a handle is `_` for a new number, or the number that it has"),
                    Kind::Foreign(_) => Some("the resource is not mocked, so no handle of it can be made"),
                    Kind::Stream(_) => Some("a stream is `_`, which is one that has ended"),
                    Kind::Future(..) => Some("a future is no argument that can be compared"),
                    _ => None,
                };
                return Err(self.misfit(id, token.span.clone(), reason));
            }
        };
        self.data.set(at, &bytes[..size]);
        Ok(())
    }

    fn integer(&self, id: NodeId, number: &str, token: &Token<'_>, range: &Range<i128>) -> Result<i128> {
        let read = number.parse::<i128>().ok().filter(|_| !number.starts_with('+'));
        match read {
            Some(read) if range.contains(&read) => Ok(read),
            Some(_) => {
                let reason = format!("the smallest is {} and the largest {}", range.start, range.end - 1);
                Err(self.misfit(id, token.span.clone(), reason))
            }
            None => Err(self.misfit(id, token.span.clone(), "this is no whole number")),
        }
    }

    /// A text that is a value, not interned as names are: it may be forgotten again.
    fn long_text(&mut self, text: &str) -> Result<[u32; 2]> {
        let len = u32::try_from(text.len()).map_err(|_| MockError::TooLarge)?;
        let address = self.data.take(len, 1)?;
        self.data.set(address, text.as_bytes());
        Ok([address, len])
    }

    fn list(&mut self, id: NodeId, element: NodeId, tokens: &mut Tokens<'_>, at: Address) -> Result<()> {
        self.sign(id, tokens, '[')?;
        // Elements stand side by side, and what they point to behind them, so they are counted first.
        let count = self.count(id, tokens)?;
        let (size, align) = (self.types.get(element).size, self.types.get(element).align);
        let bytes = size.checked_mul(count).ok_or(MockError::TooLarge)?;
        let start = self.data.take(bytes, align)?;
        for index in 0..count {
            self.value(element, tokens, start + index * size)?;
            self.separator(id, tokens, ']')?;
        }
        self.sign(id, tokens, ']')?;
        let start = if bytes == 0 { align } else { start };
        self.data.set(at, &(u64::from(count) << 32 | u64::from(start)).to_le_bytes());
        Ok(())
    }

    /// How many values stand before the bracket that closes this list.
    fn count(&self, id: NodeId, tokens: &Tokens<'_>) -> Result<u32> {
        let (mut tokens, mut depth, mut count, mut is_open) = (tokens.clone(), 0_u32, 0_u32, false);
        loop {
            let token = self.next(id, &mut tokens)?;
            match token.kind {
                TokenKind::Sign(']' | ')' | '}') if depth == 0 => return Ok(count + u32::from(is_open)),
                TokenKind::Sign(',') if depth == 0 => {
                    count += 1;
                    is_open = false;
                    continue;
                }
                TokenKind::Sign('[' | '(' | '{') => depth += 1,
                TokenKind::Sign(']' | ')' | '}') => depth -= 1,
                TokenKind::End => return Err(self.misfit(id, token.span, "the list does not end")),
                _ => {}
            }
            is_open = true;
        }
    }

    fn fixed_list(
        &mut self,
        id: NodeId,
        element: NodeId,
        len: u32,
        tokens: &mut Tokens<'_>,
        at: Address,
    ) -> Result<()> {
        let open = self.sign(id, tokens, '[')?;
        let count = self.count(id, tokens)?;
        if count != len {
            let reason = format!("expected {len} elements, found {count}");
            return Err(self.misfit(id, open.span, reason));
        }
        let size = self.types.get(element).size;
        for index in 0..len {
            self.value(element, tokens, at + index * size)?;
            self.separator(id, tokens, ']')?;
        }
        self.sign(id, tokens, ']').map(|_| ())
    }

    fn tuple(&mut self, id: NodeId, members: &[Field], tokens: &mut Tokens<'_>, at: Address) -> Result<()> {
        let open = self.sign(id, tokens, '(')?;
        let count = self.count(id, tokens)?;
        if count as usize != members.len() {
            let reason = format!("expected {} values, found {count}", members.len());
            return Err(self.misfit(id, open.span, reason));
        }
        for member in members {
            self.value(member.node, tokens, at + member.offset)?;
            self.separator(id, tokens, ')')?;
        }
        self.sign(id, tokens, ')').map(|_| ())
    }

    fn record(&mut self, id: NodeId, fields: &[Field], tokens: &mut Tokens<'_>, at: Address) -> Result<()> {
        let open = self.sign(id, tokens, '{')?;
        let mut given = vec![false; fields.len()];
        if self.peek(id, tokens)?.kind == TokenKind::Sign(':') {
            tokens.next().ok();
        }
        while self.peek(id, tokens)?.kind != TokenKind::Sign('}') {
            let token = self.next(id, tokens)?;
            let TokenKind::Name(name, _) = token.kind else {
                return Err(self.misfit(id, token.span, "the name of a field is missing"));
            };
            let Some(position) = fields.iter().position(|field| field.name == name) else {
                let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
                let reason = format!("there is no field `{name}`{}", did_you_mean(name, &names));
                return Err(self.misfit(id, token.span, reason));
            };
            if std::mem::replace(&mut given[position], true) {
                return Err(self.misfit(id, token.span, format!("the field `{name}` stands twice")));
            }
            self.sign(id, tokens, ':')?;
            self.value(fields[position].node, tokens, at + fields[position].offset)?;
            self.separator(id, tokens, '}')?;
        }
        self.sign(id, tokens, '}')?;
        let is_option = |field: &Field| {
            matches!(self.types.get(field.node).kind, Kind::Variant { style: Style::Option, .. })
        };
        // What is not written is zero, which is `none`.
        match fields.iter().zip(given).find(|(field, given)| !given && !is_option(field)) {
            Some((field, _)) => {
                Err(self.misfit(id, open.span, format!("the field `{}` is missing", field.name)))
            }
            None => Ok(()),
        }
    }

    fn variant(&mut self, id: NodeId, style: Style, tokens: &mut Tokens<'_>, at: Address) -> Result<()> {
        let types = self.types;
        let Kind::Variant { tag_bytes, payload_offset, cases, .. } = &types.get(id).kind else {
            return Ok(());
        };
        let token = self.peek(id, tokens)?;
        let position = match &token.kind {
            TokenKind::Name(name, escaped) => {
                // Only where cases have names of their own is `%some` another word than `some`.
                let is_meant = style == Style::Plain || !escaped;
                cases.iter().position(|case| case.name == *name).filter(|_| is_meant)
            }
            _ => None,
        };
        let (position, is_short) = match (position, style) {
            (Some(position), _) => (position, false),
            // WAVE lets `some(…)` and `ok(…)` be left out around what is neither an option nor a result itself.
            (None, Style::Option) => (1, true),
            (None, Style::Result) => (0, true),
            (None, Style::Plain) => {
                let names: Vec<String> = cases.iter().map(|case| case.name.clone()).collect();
                let reason = match token.kind {
                    TokenKind::Name(name, _) => {
                        format!("there is no case `{name}`{}", did_you_mean(name, &names))
                    }
                    _ => format!("the cases are {}", crate::error::quoted(&names)),
                };
                return Err(self.misfit(id, token.span, reason));
            }
        };
        let payload = cases[position].payload;
        let tag = u32::try_from(position).unwrap_or(u32::MAX).to_le_bytes();
        self.data.set(at, &tag[..*tag_bytes as usize]);
        if is_short {
            let Some(payload) = payload else { return Err(self.misfit(id, token.span, None::<String>)) };
            if let Kind::Variant { style: Style::Option | Style::Result, .. } = types.get(payload).kind {
                return Err(self.misfit(id, token.span, None::<String>));
            }
            return self.value(payload, tokens, at + payload_offset);
        }
        tokens.next().ok();
        let is_open = self.peek(id, tokens)?.kind == TokenKind::Sign('(');
        match payload {
            Some(payload) if is_open => {
                self.sign(id, tokens, '(')?;
                self.value(payload, tokens, at + payload_offset)?;
                self.sign(id, tokens, ')').map(|_| ())
            }
            Some(payload) => {
                let (case, wit) = (&cases[position].name, &types.get(payload).wit);
                Err(self.misfit(id, token.span, format!("`{case}` needs a value of type `{wit}`")))
            }
            None if is_open => {
                let reason = format!("`{}` has no value", cases[position].name);
                Err(self.misfit(id, token.span, reason))
            }
            None => Ok(()),
        }
    }

    fn flags(&mut self, id: NodeId, names: &[String], tokens: &mut Tokens<'_>, at: Address) -> Result<()> {
        self.sign(id, tokens, '{')?;
        let mut bytes = vec![0_u8; self.types.get(id).size as usize];
        while self.peek(id, tokens)?.kind != TokenKind::Sign('}') {
            let token = self.next(id, tokens)?;
            let TokenKind::Name(name, _) = token.kind else {
                return Err(self.misfit(id, token.span, "the name of a flag is missing"));
            };
            let Some(position) = names.iter().position(|known| known == name) else {
                let reason = format!("there is no flag `{name}`{}", did_you_mean(name, names));
                return Err(self.misfit(id, token.span, reason));
            };
            bytes[position / 8] |= 1 << (position % 8);
            self.separator(id, tokens, '}')?;
        }
        self.sign(id, tokens, '}')?;
        self.data.set(at, &bytes);
        Ok(())
    }

    /// Writes the default of the type: zero, empty, `none`, `ok`, the first case that has one, a new handle.
    pub(super) fn default(&mut self, id: NodeId, at: Address) -> Result<()> {
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

    fn handle(&mut self, resource: usize, number: Option<u32>, at: Address) {
        let (number, counter) = match number {
            Some(number) => (number, 0),
            None => (0, self.counters[resource]),
        };
        self.fills.push(Fill { words: [layout::FILL_HANDLE, at, resource as u32, number, counter] });
    }

    fn future(&mut self, channel: usize, image: Option<(NodeId, Address)>, at: Address) {
        let (address, bytes) = image.map_or((0, 0), |(node, image)| (image, self.types.get(node).size));
        self.fills.push(Fill { words: [layout::FILL_FUTURE, at, channel as u32, address, bytes] });
    }

    fn next<'t>(&self, id: NodeId, tokens: &mut Tokens<'t>) -> Result<Token<'t>> {
        tokens.next().map_err(|error| self.no_token(id, error))
    }

    fn peek<'t>(&self, id: NodeId, tokens: &Tokens<'t>) -> Result<Token<'t>> {
        tokens.peek().map_err(|error| self.no_token(id, error))
    }

    fn sign<'t>(&self, id: NodeId, tokens: &mut Tokens<'t>, sign: char) -> Result<Token<'t>> {
        let token = self.next(id, tokens)?;
        if token.kind == TokenKind::Sign(sign) {
            return Ok(token);
        }
        Err(self.misfit(id, token.span, format!("a `{sign}` is missing")))
    }

    /// A comma, or nothing before what closes.
    fn separator(&self, id: NodeId, tokens: &mut Tokens<'_>, close: char) -> Result<()> {
        if self.peek(id, tokens)?.kind == TokenKind::Sign(close) {
            return Ok(());
        }
        self.sign(id, tokens, ',').map(|_| ())
    }

    fn no_token(&self, id: NodeId, error: NoToken) -> Fault {
        self.misfit(id, error.span, error.reason)
    }

    fn misfit(&self, id: NodeId, span: Range<usize>, reason: impl IntoReason) -> Fault {
        let expected = self.types.get(id).wit.clone();
        Fault::NoValue(NoValue { span, expected, reason: reason.into_reason() })
    }
}

/// A reason, or none where the type says it all.
trait IntoReason {
    fn into_reason(self) -> Option<String>;
}

impl IntoReason for &str {
    fn into_reason(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl IntoReason for String {
    fn into_reason(self) -> Option<String> {
        Some(self)
    }
}

impl<T: IntoReason> IntoReason for Option<T> {
    fn into_reason(self) -> Option<String> {
        self.and_then(IntoReason::into_reason)
    }
}

/// Whether zeros are not enough for the default: something is made at each call, or the first case has no default.
fn has_to_be_made(types: &Types<'_>, id: NodeId) -> bool {
    types.get(id).handles
}

/// `; did you mean …?`, when a name is near.
pub(super) fn did_you_mean(name: &str, known: &[String]) -> String {
    crate::hint::near(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
