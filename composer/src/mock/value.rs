//! Reads values of any type from WAVE and puts them into memory as the canonical ABI does.

mod compound;
mod default;

use std::ops::Range;

use super::data::{Address, Data};
use super::error::MockError;
use super::layout;
use super::token::{NoToken, Token, TokenKind, Tokens};
use super::types::{Kind, NodeId, Types};

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

pub(super) type Result<T> = std::result::Result<T, Fault>;

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

/// `; did you mean …?`, when a name is near.
pub(super) fn did_you_mean(name: &str, known: &[String]) -> String {
    crate::hint::near(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
