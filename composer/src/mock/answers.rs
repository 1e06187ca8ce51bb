//! What is stated about the functions of a stub, before their types are known.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::MockError;

/// What functions of a stub answer.
///
/// An answer is a text: `trap`, or a value in WAVE. In a value `_` stands for the default of its type, and a handle of a
/// resource is its number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    pub(super) stated: Vec<Stated>,
}

/// The answers of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stated {
    /// The import: an interface, with or without its version; none for a function of the world itself.
    pub(super) interface: Option<Word>,
    pub(super) function: Word,
    /// The first rule that the arguments fit answers.
    pub(super) rules: Vec<Rule>,
}

/// What is answered to which arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// A WAVE tuple, where `_` is any argument; none for any arguments.
    pub(super) arguments: Option<Word>,
    /// In turn; the last one repeats.
    pub(super) answers: Vec<Word>,
}

/// A text, and where it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Option<Range<usize>>,
    /// Where the text itself begins in the file, when it stands there as it is.
    pub(super) inner: Option<usize>,
}

impl Word {
    fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), span: None, inner: None }
    }

    /// The place of a part of the text, or of the whole where that is not known.
    pub(super) fn part(&self, part: &Range<usize>) -> Option<Range<usize>> {
        match self.inner {
            Some(inner) => Some(inner + part.start..inner + part.end),
            None => self.span.clone(),
        }
    }
}

impl Answers {
    /// States what a function answers, whatever its arguments are.
    ///
    /// `interface` may be without its version; for a function of the world itself it is empty. `function` is the name as
    /// in WIT, and for those of a resource `bucket.get`, `bucket.constructor`.
    pub fn state(&mut self, interface: &str, function: &str, answer: &str) {
        self.stated.push(Stated {
            interface: (!interface.is_empty()).then(|| Word::plain(interface)),
            function: Word::plain(function),
            rules: vec![Rule { arguments: None, answers: vec![Word::plain(answer)] }],
        });
    }

    /// Reads answers from TOML: a table for each interface, in it for each function an answer, a list of answers to give
    /// in turn, or a table with `returns` (either of these) and `when` (a list of tables with `args` and `returns`).
    ///
    /// # Errors
    ///
    /// [`MockError::Answers`] when the text is not written like this.
    pub fn parse(text: &str) -> Result<Self, MockError> {
        let table = DeTable::parse(text).map_err(|error| MockError::Answers {
            message: error.message().trim().replace('\n', "; "),
            span: error.span(),
        })?;
        let reader = Reader { text };
        let mut answers = Self::default();
        for (name, value) in table.get_ref().iter() {
            match value.get_ref() {
                DeValue::Table(functions) if is_interface(name.get_ref(), functions) => {
                    for (function, value) in functions.iter() {
                        answers.stated.push(Stated {
                            interface: Some(reader.key(name)),
                            function: reader.key(function),
                            rules: reader.rules(value)?,
                        });
                    }
                }
                _ => answers.stated.push(Stated {
                    interface: None,
                    function: reader.key(name),
                    rules: reader.rules(value)?,
                }),
            }
        }
        Ok(answers)
    }
}

/// Functions of the world itself stand beside the interfaces, and what they answer may be a table too.
fn is_interface(name: &str, table: &DeTable<'_>) -> bool {
    name.contains([':', '/'])
        || !table.iter().all(|(key, value)| {
            let value = value.get_ref();
            key.get_ref() == "returns" || (key.get_ref() == "when" && matches!(value, DeValue::Array(_)))
        })
}

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn key(&self, key: &Spanned<std::borrow::Cow<'_, str>>) -> Word {
        Word { text: key.get_ref().to_string(), span: Some(key.span()), inner: None }
    }

    fn rules(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<Rule>, MockError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Ok(vec![Rule { arguments: None, answers: self.answers(value)? }]);
        };
        let mut rules = Vec::new();
        for (key, value) in table.iter() {
            match key.get_ref().as_ref() {
                // It is for all other arguments, so it comes last.
                "returns" => {}
                "when" => rules.extend(self.whens(value)?),
                other => {
                    return Err(wrong(format!("expected `returns` or `when`, found `{other}`"), key.span()));
                }
            }
        }
        if let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref() == "returns") {
            rules.push(Rule { arguments: None, answers: self.answers(value)? });
        }
        Ok(rules)
    }

    fn whens(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<Rule>, MockError> {
        let expected = "expected `when` to be a list of tables with `args` and `returns`";
        let DeValue::Array(array) = value.get_ref() else {
            return Err(wrong(expected, value.span()));
        };
        array.iter().map(|value| self.when(value, expected)).collect()
    }

    fn when(&self, value: &Spanned<DeValue<'_>>, expected: &str) -> Result<Rule, MockError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(wrong(expected, value.span()));
        };
        let (mut arguments, mut answers) = (None, None);
        for (key, value) in table.iter() {
            match key.get_ref().as_ref() {
                "args" => arguments = Some(self.word(value)?),
                "returns" => answers = Some(self.answers(value)?),
                other => {
                    return Err(wrong(format!("expected `args` or `returns`, found `{other}`"), key.span()));
                }
            }
        }
        match (arguments, answers) {
            (Some(arguments), Some(answers)) => Ok(Rule { arguments: Some(arguments), answers }),
            (None, _) => Err(wrong("`args` is missing", value.span())),
            (_, None) => Err(wrong("`returns` is missing", value.span())),
        }
    }

    fn answers(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<Word>, MockError> {
        let DeValue::Array(array) = value.get_ref() else {
            return Ok(vec![self.word(value)?]);
        };
        if array.is_empty() {
            return Err(wrong("expected at least one answer, found an empty list", value.span()));
        }
        array.iter().map(|value| self.word(value)).collect()
    }

    fn word(&self, value: &Spanned<DeValue<'_>>) -> Result<Word, MockError> {
        let DeValue::String(text) = value.get_ref() else {
            let message = format!(
                "expected a string with WAVE in it, or `trap`, found {}; write numbers and lists in quotes too, such as `'[1, 2]'`",
                kind(value.get_ref())
            );
            return Err(wrong(message, value.span()));
        };
        let span = value.span();
        // Only a string without escapes stands in the file as it is.
        let source = self.text.get(span.clone()).unwrap_or_default();
        let inner =
            source.get(1..).is_some_and(|inner| inner.len() == text.len() + 1 && inner.starts_with(&**text));
        Ok(Word { text: text.to_string(), inner: inner.then_some(span.start + 1), span: Some(span) })
    }
}

fn wrong(message: impl Into<String>, span: Range<usize>) -> MockError {
    MockError::Answers { message: message.into(), span: Some(span) }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn reads_what_the_file_says() {
        let answers = Answers::parse(
            r#"
            now = '17'
            ["demo:kv/store@0.1.0"]
            get = ['some("a")', "none", "trap"]
            "bucket.get" = { returns = "none", when = [{ args = '(_, "x")', returns = 'some("1")' }] }
            [[plain.put.when]]
            args = '("a")'
            returns = "err"
            "#,
        )
        .unwrap();
        let shown: Vec<_> = answers
            .stated
            .iter()
            .map(|stated| {
                let interface = stated.interface.as_ref().map(|word| word.text.as_str());
                let rules: Vec<_> = stated
                    .rules
                    .iter()
                    .map(|rule| {
                        (rule.arguments.as_ref().map(|word| word.text.as_str()), texts(&rule.answers))
                    })
                    .collect();
                (interface, stated.function.text.as_str(), rules)
            })
            .collect();
        assert_eq!(
            shown,
            [
                (
                    Some("demo:kv/store@0.1.0"),
                    "bucket.get",
                    vec![(Some("(_, \"x\")"), vec!["some(\"1\")"]), (None, vec!["none"])]
                ),
                (Some("demo:kv/store@0.1.0"), "get", vec![(None, vec!["some(\"a\")", "none", "trap"])]),
                (None, "now", vec![(None, vec!["17"])]),
                (Some("plain"), "put", vec![(Some("(\"a\")"), vec!["err"])]),
            ]
        );
    }

    #[test]
    fn errors_have_their_place() {
        for (text, message, place) in [
            (
                "now = 17",
                "expected a string with WAVE in it, or `trap`, found a number; write numbers and lists in quotes too, such as `'[1, 2]'`",
                "17",
            ),
            ("now = []", "expected at least one answer, found an empty list", "[]"),
            ("[\"a:b/c\"]\nget = { return = '1' }", "expected `returns` or `when`, found `return`", "return"),
            ("[\"a:b/c\"]\nget.when = [{ args = '()' }]", "`returns` is missing", "{ args = '()' }"),
            (
                "[\"a:b/c\"]\nget.when = 1",
                "expected `when` to be a list of tables with `args` and `returns`",
                "1",
            ),
            ("[\"a:b/c\"]\nget.when = [{ arg = '()' }]", "expected `args` or `returns`, found `arg`", "arg"),
        ] {
            let error = Answers::parse(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert_eq!(error.span().map(|span| &text[span]), Some(place), "{text}");
        }
        assert!(Answers::parse("now = ").unwrap_err().span().is_some());
    }
}
