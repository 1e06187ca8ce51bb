//! What is made of blocks: lists, and the arms of variants.

use wit_bindgen_core::abi::WasmType;
use wit_parser::{Result_, Type, TypeId, Variant};

use super::{Block, Body, core_type};
use crate::build::assemblyscript::names;

/// How an arm of a variant is taken: its condition, and the value that it carries.
struct Arm {
    condition: String,
    payload: Option<String>,
    /// The type of that value, where the compiler has to be told.
    ty: Option<String>,
}

impl Body<'_> {
    /// The number of the block that is being made.
    pub(super) fn innermost(&self) -> usize {
        self.outer.last().map_or(0, |open| open.number)
    }

    fn blocks(&mut self, count: usize) -> Vec<Block> {
        self.closed.split_off(self.closed.len() - count)
    }

    pub(super) fn lower_list(
        &mut self,
        list: &str,
        element: &Type,
        realloc: Option<&str>,
        results: &mut Vec<String>,
    ) {
        let [block] = self.blocks(1).try_into().unwrap_or_else(|_| unreachable!("one block was asked for"));
        let list = self.constant("", list);
        let size = self.size(element);
        let bytes = format!("$.listBytes({list}.length, {size})");
        let memory = self.memory(&bytes, realloc);
        let n = block.number;
        self.line(format!("for (let $i{n} = 0, $end{n} = {list}.length; $i{n} < $end{n}; $i{n}++) {{"));
        self.line(format!("const $element{n} = {list}[$i{n}];"));
        self.line(format!("const $base{n}: usize = {memory} + <usize>$i{n} * {size};"));
        self.text.push_str(&block.text);
        self.line("}");
        results.extend([memory, format!("{list}.length")]);
    }

    pub(super) fn lift_list(
        &mut self,
        element: &Type,
        ty: TypeId,
        operands: &[String],
        results: &mut Vec<String>,
    ) {
        let [block] = self.blocks(1).try_into().unwrap_or_else(|_| unreachable!("one block was asked for"));
        let pointer = self.constant("usize", &operands[0]);
        let length = self.constant("i32", &operands[1]);
        let class = self.scope.ty(&Type::Id(ty));
        let list = self.constant("", &format!("new {class}({length})"));
        let size = self.size(element);
        let n = block.number;
        self.line(format!("for (let $i{n} = 0; $i{n} < {length}; $i{n}++) {{"));
        self.line(format!("const $base{n}: usize = {pointer} + <usize>$i{n} * {size};"));
        self.text.push_str(&block.text);
        self.line(format!("{list}[$i{n}] = {};", block.results[0]));
        self.line("}");
        self.line(format!("$.free({pointer}, <usize>{length} * {size});"));
        results.push(list);
    }

    pub(super) fn free_list(&mut self, element: &Type, operands: &[String]) {
        let [block] = self.blocks(1).try_into().unwrap_or_else(|_| unreachable!("one block was asked for"));
        let pointer = self.constant("usize", &operands[0]);
        let length = self.constant("i32", &operands[1]);
        let size = self.size(element);
        if !block.text.is_empty() {
            let n = block.number;
            self.line(format!("for (let $i{n} = 0; $i{n} < {length}; $i{n}++) {{"));
            self.line(format!("const $base{n}: usize = {pointer} + <usize>$i{n} * {size};"));
            self.text.push_str(&block.text);
            self.line("}");
        }
        self.line(format!("$.free({pointer}, <usize>{length} * {size});"));
    }

    pub(super) fn free_variant(&mut self, count: usize, tag: &str) {
        let blocks = self.blocks(count);
        let mut opened = false;
        for (index, block) in blocks.iter().enumerate().filter(|(_, block)| !block.text.is_empty()) {
            self.line(format!("{}if ({tag} == {index}) {{", if opened { "} else " } else { "" }));
            self.text.push_str(&block.text);
            opened = true;
        }
        if opened {
            self.line("}");
        }
    }

    pub(super) fn lower_variant(
        &mut self,
        variant: &Variant,
        value: &str,
        types: &[WasmType],
        results: &mut Vec<String>,
    ) {
        let value = self.constant("", value);
        let tag = self.constant("i32", &format!("<i32>{value}.tag"));
        let arms = variant.cases.iter().enumerate().map(|(index, case)| Arm {
            condition: format!("{tag} == {index}"),
            payload: case.ty.map(|_| format!("{value}.{}", names::value(&case.name))),
            ty: None,
        });
        self.lower_arms(arms.collect(), types, results);
    }

    pub(super) fn lower_option(
        &mut self,
        payload: &Type,
        value: &str,
        types: &[WasmType],
        results: &mut Vec<String>,
    ) {
        let value = self.constant("", value);
        let (none, some) = if self.scope.world.is_reference(payload) {
            (format!("{value} === null"), value.clone())
        } else {
            (format!("!{value}.isSome"), format!("{value}.value"))
        };
        let arms = vec![
            Arm { condition: none, payload: None, ty: None },
            Arm { condition: "true".to_owned(), payload: Some(some), ty: Some(self.scope.ty(payload)) },
        ];
        self.lower_arms(arms, types, results);
    }

    pub(super) fn lower_result(
        &mut self,
        result: &Result_,
        value: &str,
        types: &[WasmType],
        results: &mut Vec<String>,
    ) {
        let value = self.constant("", value);
        let arms = vec![
            Arm {
                condition: format!("{value}.isOk"),
                payload: result.ok.map(|_| format!("{value}.value")),
                ty: None,
            },
            Arm {
                condition: "true".to_owned(),
                payload: result.err.map(|_| format!("{value}.error")),
                ty: None,
            },
        ];
        self.lower_arms(arms, types, results);
    }

    /// Variables for the flat values, and a chain of arms that fill them.
    fn lower_arms(&mut self, arms: Vec<Arm>, types: &[WasmType], results: &mut Vec<String>) {
        let blocks = self.blocks(arms.len());
        let first = results.len();
        for ty in types {
            let name = format!("${}", self.number());
            self.line(format!("let {name}: {} = 0;", core_type(*ty)));
            results.push(name);
        }
        let variables = results[first..].to_vec();
        let last = arms.len() - 1;
        for (index, (arm, block)) in arms.into_iter().zip(blocks).enumerate() {
            self.open_arm(index, last, &arm.condition);
            if let Some(payload) = arm.payload {
                let ty = arm.ty.map_or_else(String::new, |ty| format!(": {ty}"));
                self.line(format!("const $payload{}{ty} = {payload};", block.number));
            }
            self.text.push_str(&block.text);
            for (variable, value) in variables.iter().zip(&block.results) {
                // Zero is what they have already.
                if value != "0" {
                    self.line(format!("{variable} = {value};"));
                }
            }
        }
        self.line("}");
    }

    fn open_arm(&mut self, index: usize, last: usize, condition: &str) {
        self.line(match index {
            0 if last == 0 => "{".to_owned(),
            0 => format!("if ({condition}) {{"),
            _ if index == last => "} else {".to_owned(),
            _ => format!("}} else if ({condition}) {{"),
        });
    }

    pub(super) fn lift_variant(&mut self, variant: &Variant, ty: TypeId, tag: &str) -> String {
        let class = self.scope.named(ty);
        let makers = variant.cases.iter().map(|case| format!("{class}.{}", names::value(&case.name)));
        let arms = makers.zip(&variant.cases).map(|(maker, case)| (maker, case.ty.is_some()));
        self.lift_arms(&class, tag, arms.collect())
    }

    pub(super) fn lift_option(&mut self, payload: &Type, ty: TypeId, tag: &str) -> String {
        let class = self.scope.ty(&Type::Id(ty));
        if self.scope.world.is_reference(payload) {
            return self.lift_arms(&class, tag, vec![(String::new(), false), (String::new(), true)]);
        }
        let payload = self.scope.ty(payload);
        let option = self.scope.needs.common("Option");
        let arms =
            vec![(format!("{option}.none<{payload}>"), false), (format!("{option}.some<{payload}>"), true)];
        self.lift_arms(&class, tag, arms)
    }

    pub(super) fn lift_result(&mut self, result: &Result_, ty: TypeId, tag: &str) -> String {
        let class = self.scope.ty(&Type::Id(ty));
        let (ok, err) = (self.scope.or_unit(result.ok.as_ref()), self.scope.or_unit(result.err.as_ref()));
        let maker = |side: &str, payload: Option<Type>| match payload {
            Some(_) => (format!("Result.{side}<{ok}, {err}>"), true),
            None => (format!("Result.{side}<{ok}, {err}>(true)"), false),
        };
        let arms = vec![maker("ok", result.ok), maker("err", result.err)];
        self.lift_arms(&class, tag, arms)
    }

    /// A variable of `class`, and a chain of arms that make its value. An arm is the function that makes it, none of
    /// which is the payload itself or `null`, and whether it has a payload.
    fn lift_arms(&mut self, class: &str, tag: &str, arms: Vec<(String, bool)>) -> String {
        let blocks = self.blocks(arms.len());
        let tag = self.constant("i32", tag);
        let name = format!("${}", self.number());
        self.line(format!("let {name}: {class} = $.zero<{class}>();"));
        let last = arms.len() - 1;
        for (index, ((maker, payload), block)) in arms.into_iter().zip(blocks).enumerate() {
            self.open_arm(index, last, &format!("{tag} == {index}"));
            self.text.push_str(&block.text);
            let value = match (maker.as_str(), payload) {
                ("", false) => "null".to_owned(),
                ("", true) => block.results[0].clone(),
                (maker, true) => format!("{maker}({})", block.results[0]),
                (maker, false) if maker.ends_with(')') => maker.to_owned(),
                (maker, false) => format!("{maker}()"),
            };
            self.line(format!("{name} = {value};"));
        }
        self.line("}");
        name
    }
}
