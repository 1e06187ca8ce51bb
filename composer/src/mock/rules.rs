//! What each function of a stub answers, written into its data.

use std::ops::Range;

use super::answers::{Answers, Stated, Word};
use super::data::{Address, Data};
use super::error::{MockError, ValueError};
use super::token::{TokenKind, Tokens};
use super::types::{Kind, NodeId, Style, Types};
use super::value::{Fault, NoValue, Writer};
use super::walk::{Place, Walk};
use super::{AnswerKind, Export, Laid, Otherwise, StubFunction, layout, world};
use crate::limits::MOCK_VALUE_BYTES_MAX;

/// How much of a text an error message shows, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// Writes the tables of functions.
pub(super) struct Rules<'a, 't> {
    pub(super) exports: &'a [Export],
    pub(super) laid: &'a [Laid],
    pub(super) types: &'a Types<'t>,
    pub(super) counters: &'a [Address],
    pub(super) data: &'a mut Data,
}

impl Rules<'_, '_> {
    /// Writes the table of each function; their addresses, and what they do.
    pub(super) fn write(
        &mut self,
        answers: &Answers,
        otherwise: Otherwise,
        record: bool,
    ) -> Result<(Vec<Address>, Vec<StubFunction>), MockError> {
        let mut stated: Vec<Vec<&Stated>> = self.exports.iter().map(|_| Vec::new()).collect();
        for entry in &answers.stated {
            stated[self.find(entry)?].push(entry);
        }
        let (mut tables, mut functions) = (Vec::new(), Vec::new());
        for (index, entries) in stated.iter().enumerate() {
            let mut rules = Vec::new();
            for entry in entries {
                for rule in &entry.rules {
                    rules.push(self.rule(index, rule.arguments.as_ref(), &rule.answers)?);
                }
            }
            let answer = if rules.is_empty() {
                let (rule, answer) = self.otherwise(index, otherwise)?;
                rules.push(rule);
                answer
            } else {
                // Without an answer for all other arguments, what is not stated is as for any function.
                if otherwise == Otherwise::Default {
                    rules.push(self.otherwise(index, otherwise)?.0);
                }
                AnswerKind::Stated
            };
            tables.push(self.function(index, &rules, record)?);
            let export = &self.exports[index];
            functions.push(StubFunction {
                interface: export.interface.clone(),
                function: export.shown.clone(),
                answer,
            });
        }
        Ok((tables, functions))
    }

    /// The function that answers are stated for.
    fn find(&self, stated: &Stated) -> Result<usize, MockError> {
        let interface = match &stated.interface {
            Some(word) => self.interface(word)?,
            None => "",
        };
        let of_interface =
            self.exports.iter().enumerate().filter(|(_, export)| export.interface == interface);
        let name = &stated.function;
        let is_meant = |export: &Export| export.shown == name.text || export.function.name == name.text;
        if let Some((index, _)) = of_interface.clone().find(|(_, export)| is_meant(export)) {
            return Ok(index);
        }
        let known: Vec<String> = of_interface.map(|(_, export)| export.shown.clone()).collect();
        if interface.is_empty() && known.is_empty() {
            return Err(MockError::UnknownInterface {
                name: name.text.clone(),
                known: self.interfaces(),
                span: name.span.clone(),
            });
        }
        Err(MockError::UnknownFunction {
            interface: if interface.is_empty() { "the world".to_owned() } else { interface.to_owned() },
            name: name.text.clone(),
            known,
            span: name.span.clone(),
        })
    }

    fn interface(&self, word: &Word) -> Result<&str, MockError> {
        let mut matches: Vec<&str> = Vec::new();
        for export in self.exports {
            if !matches.contains(&export.interface.as_str()) && world::fits(&word.text, &export.interface) {
                matches.push(&export.interface);
            }
        }
        let span = word.span.clone();
        match matches.as_slice() {
            [one] => Ok(one),
            [] => {
                Err(MockError::UnknownInterface { name: word.text.clone(), known: self.interfaces(), span })
            }
            several => {
                let matches = several.iter().map(|name| (*name).to_owned()).collect();
                Err(MockError::AmbiguousInterface { name: word.text.clone(), matches, span })
            }
        }
    }

    fn interfaces(&self) -> Vec<String> {
        let mut names: Vec<String> = self.exports.iter().map(|export| export.interface.clone()).collect();
        names.dedup();
        names.retain(|name| !name.is_empty());
        names
    }

    fn otherwise(&mut self, index: usize, otherwise: Otherwise) -> Result<(Vec<u32>, AnswerKind), MockError> {
        if otherwise == Otherwise::Default {
            match self.value(index, None) {
                Ok(answer) => return Ok((self.rule_words(&[], &[answer])?, AnswerKind::Default)),
                Err(Fault::NoDefault(_)) => {}
                Err(Fault::Mock(error)) => return Err(error),
                // No text is read here.
                Err(Fault::NoValue(_)) => {}
            }
        }
        Ok((self.rule_words(&[], &[trap()])?, AnswerKind::Trap))
    }

    fn rule(
        &mut self,
        index: usize,
        arguments: Option<&Word>,
        answers: &[Word],
    ) -> Result<Vec<u32>, MockError> {
        let patterns = match arguments {
            Some(word) => self.patterns(index, word)?,
            None => Vec::new(),
        };
        let answers = answers.iter().map(|word| self.answer(index, word)).collect::<Result<Vec<_>, _>>()?;
        self.rule_words(&patterns, &answers)
    }

    fn rule_words(&mut self, patterns: &[[u32; 2]], answers: &[Vec<u32>]) -> Result<Vec<u32>, MockError> {
        let patterns_at = self.data.table(&patterns.concat())?;
        let answers_at = self.data.table(&answers.concat())?;
        Ok(vec![patterns_at, patterns.len() as u32, answers_at, answers.len() as u32, 0])
    }

    /// One answer: `trap`, or a value.
    fn answer(&mut self, index: usize, word: &Word) -> Result<Vec<u32>, MockError> {
        if word.text.trim() == "trap" {
            return Ok(trap());
        }
        self.check_length(index, word)?;
        self.value(index, Some(&word.text)).map_err(|fault| match fault {
            Fault::NoValue(error) => self.value_error(index, "the result".to_owned(), word, error),
            Fault::NoDefault(resource) => self.no_default(index, resource, word),
            Fault::Mock(error) => error,
        })
    }

    /// Writes a value of the function's result: the text, or the default.
    fn value(&mut self, index: usize, text: Option<&str>) -> Result<Vec<u32>, Fault> {
        let mut writer = Writer {
            data: self.data,
            types: self.types,
            counters: self.counters,
            compares: false,
            fills: Vec::new(),
        };
        let image = match (self.laid[index].result, text) {
            (Some(node), Some(text)) => writer.text(node, text)?,
            (Some(node), None) => {
                let image = writer.room(node)?;
                writer.default(node, image)?;
                image
            }
            (None, Some(text)) if !matches!(text.trim(), "" | "()" | "_") => {
                let expected = "nothing".to_owned();
                let reason = Some("the function has no result, so it is `()`".to_owned());
                return Err(Fault::NoValue(NoValue { span: 0..text.len(), expected, reason }));
            }
            (None, _) => 0,
        };
        let words: Vec<u32> = writer.fills.iter().flat_map(|fill| fill.words).collect();
        let (fills, count) = (self.data.table(&words)?, writer_fills(&words));
        Ok(vec![layout::ANSWER_VALUE, image, fills, count])
    }

    /// The text of each argument that is stated, as the engine writes them; address 0 for any.
    fn patterns(&mut self, index: usize, word: &Word) -> Result<Vec<[u32; 2]>, MockError> {
        self.check_length(index, word)?;
        let mark = self.data.mark();
        let texts = self.argument_texts(index, word);
        self.data.forget(mark);
        let mut patterns = Vec::new();
        for text in texts? {
            patterns.push(match text {
                Some(text) => self.data.text(&text)?,
                None => [0, 0],
            });
        }
        Ok(patterns)
    }

    fn argument_texts(&mut self, index: usize, word: &Word) -> Result<Vec<Option<String>>, MockError> {
        let tuple = self.laid[index].parameters;
        let Kind::Tuple(members) = &self.types.get(tuple).kind else { return Ok(Vec::new()) };
        let mut tokens = Tokens::new(&word.text);
        match tokens.next() {
            Ok(token) if token.kind == TokenKind::Sign('(') => {}
            Ok(token) => {
                return Err(self.misfit(
                    index,
                    word,
                    token.span,
                    "arguments stand in brackets, such as `(1, _)`",
                ));
            }
            Err(error) => return Err(self.misfit(index, word, error.span, error.reason)),
        }
        let mut texts = Vec::new();
        for (position, member) in members.iter().enumerate() {
            let token = tokens.peek().map_err(|error| self.misfit(index, word, error.span, error.reason))?;
            let what = format!(
                "argument {} (`{}`)",
                position + 1,
                self.exports[index].function.params[position].name
            );
            if token.kind == TokenKind::Sign(')') {
                // WAVE lets options at the end be left out.
                if !self.is_option(member.node) {
                    return Err(self.misfit(index, word, token.span, &format!("{what} is missing")));
                }
                texts.push(Some("none".to_owned()));
                continue;
            }
            if token.kind == TokenKind::Blank {
                tokens.next().ok();
                texts.push(None);
            } else {
                let text = self.argument_text(member.node, &mut tokens).map_err(|fault| match fault {
                    Fault::NoValue(error) => self.value_error(index, what.clone(), word, error),
                    Fault::NoDefault(resource) => self.no_default(index, resource, word),
                    Fault::Mock(error) => error,
                })?;
                texts.push(Some(text));
            }
            let token = tokens.peek().map_err(|error| self.misfit(index, word, error.span, error.reason))?;
            match token.kind {
                TokenKind::Sign(',') => drop(tokens.next()),
                TokenKind::Sign(')') => {}
                _ => {
                    return Err(self.misfit(
                        index,
                        word,
                        token.span,
                        &format!("a `,` or `)` is missing after {what}"),
                    ));
                }
            }
        }
        for expected in [TokenKind::Sign(')'), TokenKind::End] {
            let token = tokens.next().map_err(|error| self.misfit(index, word, error.span, error.reason))?;
            if token.kind != expected {
                return Err(self.misfit(
                    index,
                    word,
                    token.span,
                    &format!("the function takes {} arguments", members.len()),
                ));
            }
        }
        Ok(texts)
    }

    /// Arguments that are not those of the function.
    fn misfit(&self, index: usize, word: &Word, span: Range<usize>, reason: &str) -> MockError {
        let error = NoValue { span, expected: self.signature(index), reason: Some(reason.to_owned()) };
        self.value_error(index, "the arguments".to_owned(), word, error)
    }

    /// Reads one argument and writes it as the engine does.
    fn argument_text(&mut self, node: NodeId, tokens: &mut Tokens<'_>) -> Result<String, Fault> {
        let mut writer = Writer {
            data: self.data,
            types: self.types,
            counters: self.counters,
            compares: true,
            fills: Vec::new(),
        };
        let at = writer.room(node)?;
        writer.value(node, tokens, at)?;
        let mut walk = Walk::new(&*self.data, &[], true);
        walk.value(self.types.get(node).address, Place::At(at));
        Ok(walk.text)
    }

    fn is_option(&self, node: NodeId) -> bool {
        matches!(self.types.get(node).kind, Kind::Variant { style: Style::Option, .. })
    }

    fn check_length(&self, index: usize, word: &Word) -> Result<(), MockError> {
        let size_bytes = word.text.len();
        if size_bytes <= MOCK_VALUE_BYTES_MAX {
            return Ok(());
        }
        let function = self.exports[index].full();
        Err(MockError::ValueTooLong { function, size_bytes, span: word.span.clone() })
    }

    fn value_error(&self, index: usize, what: String, word: &Word, error: NoValue) -> MockError {
        let NoValue { span, expected, reason } = error;
        let found = word.text.get(span.clone()).unwrap_or_default();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("`{}`", shortened(found)) };
        let expected = if expected == "nothing" { expected } else { format!("`{}`", shortened(&expected)) };
        let function = self.exports[index].full();
        MockError::Value(Box::new(ValueError {
            what,
            function,
            expected,
            found,
            reason,
            span: word.part(&span),
        }))
    }

    fn no_default(&self, index: usize, resource: usize, word: &Word) -> MockError {
        MockError::NoDefault {
            what: "the result".to_owned(),
            function: self.exports[index].full(),
            resource: self.types.resource_name(resource),
            span: word.span.clone(),
        }
    }

    fn signature(&self, index: usize) -> String {
        let types = self.types.get(self.laid[index].parameters).wit.clone();
        let inner =
            types.strip_prefix("tuple<").and_then(|inner| inner.strip_suffix('>')).unwrap_or_default();
        format!("({inner})")
    }

    /// Writes the table of a function.
    fn function(&mut self, index: usize, rules: &[Vec<u32>], record: bool) -> Result<Address, MockError> {
        let (export, laid) = (&self.exports[index], &self.laid[index]);
        let result = laid.result.map(|node| self.types.get(node));
        let result_bytes = match result {
            None => 0,
            Some(node) if self.types.is_flat_result(node) => node.size,
            Some(_) => layout::RESULT_IN_MEMORY,
        };
        let rules_at = self.data.table(&rules.concat())?;
        let mut words = vec![index as u32];
        words.extend(self.data.text(&export.interface)?);
        words.extend(self.data.text(&export.shown)?);
        words.push(self.types.get(laid.parameters).address);
        words.push(result.map_or(0, |node| node.address));
        words.extend([result_bytes, u32::from(record), rules_at, rules.len() as u32]);
        self.data.table(&words)
    }
}

fn trap() -> Vec<u32> {
    vec![layout::ANSWER_TRAP, 0, 0, 0]
}

fn writer_fills(words: &[u32]) -> u32 {
    words.len() as u32 / layout::FILL_WORDS
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
