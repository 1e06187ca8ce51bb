//! Values that hold others.

use super::super::data::Address;
use super::super::error::MockError;
use super::super::token::{TokenKind, Tokens};
use super::super::types::{Field, Kind, NodeId, Style};
use super::{Result, Writer, did_you_mean};

impl Writer<'_, '_> {
    pub(super) fn list(
        &mut self,
        id: NodeId,
        element: NodeId,
        tokens: &mut Tokens<'_>,
        at: Address,
    ) -> Result<()> {
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

    pub(super) fn fixed_list(
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

    pub(super) fn tuple(
        &mut self,
        id: NodeId,
        members: &[Field],
        tokens: &mut Tokens<'_>,
        at: Address,
    ) -> Result<()> {
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

    pub(super) fn record(
        &mut self,
        id: NodeId,
        fields: &[Field],
        tokens: &mut Tokens<'_>,
        at: Address,
    ) -> Result<()> {
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

    pub(super) fn variant(
        &mut self,
        id: NodeId,
        style: Style,
        tokens: &mut Tokens<'_>,
        at: Address,
    ) -> Result<()> {
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

    pub(super) fn flags(
        &mut self,
        id: NodeId,
        names: &[String],
        tokens: &mut Tokens<'_>,
        at: Address,
    ) -> Result<()> {
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
}
