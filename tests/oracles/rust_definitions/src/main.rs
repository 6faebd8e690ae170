//! Lists the definitions that `syn` finds: `cargo run --release -- FOLDER`
//!
//! Prints one line for each file and definition, parted by tabs: `ok PATH` or `bad PATH`, and
//! `def PATH KIND FIRST_LINE LAST_LINE NAME`. The rules are those of docs/adding-a-language.md.

use std::{env, fs, path::{Path, PathBuf}};

use proc_macro2::Span;
use syn::{spanned::Spanned, visit::{self, Visit}};

fn main() {
    let root = PathBuf::from(env::args().nth(1).expect("a folder"));
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() && path.extension().is_some_and(|ending| ending == "rs") => list(&root, &path),
                _ => {}
            }
        }
    }
}

fn list(root: &Path, path: &Path) {
    let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    let Ok(text) = fs::read_to_string(path) else { return };
    match syn::parse_file(&text) {
        Ok(file) => {
            println!("ok\t{name}");
            Lister { name: &name, kinds: vec![false] }.visit_file(&file);
        }
        Err(_) => println!("bad\t{name}"),
    }
}

struct Lister<'a> {
    name: &'a str,
    /// Whether the definitions around are classes, innermost last.
    kinds: Vec<bool>,
}

impl Lister<'_> {
    fn report(&self, kind: &str, first: Span, last: Span, title: &str) {
        println!("def\t{}\t{kind}\t{}\t{}\t{title}", self.name, first.start().line, last.end().line);
    }

    fn function(&self) -> &'static str {
        if *self.kinds.last().unwrap() { "method" } else { "function" }
    }

    fn within(&mut self, is_class: bool, visit: impl FnOnce(&mut Self)) {
        self.kinds.push(is_class);
        visit(self);
        self.kinds.pop();
    }
}

/// The first span of a declaration that is there, its attributes left out.
fn first(spans: &[Option<Span>]) -> Span {
    spans.iter().flatten().next().copied().unwrap()
}

fn visibility(visibility: &syn::Visibility) -> Option<Span> {
    if matches!(visibility, syn::Visibility::Inherited) { None } else { Some(visibility.span()) }
}

fn signature(signature: &syn::Signature) -> Span {
    first(&[
        signature.constness.map(|word| word.span()),
        signature.asyncness.map(|word| word.span()),
        signature.unsafety.map(|word| word.span()),
        signature.abi.as_ref().map(|abi| abi.extern_token.span()),
        Some(signature.fn_token.span()),
    ])
}

fn closure(mut value: &syn::Expr) -> Option<&syn::ExprClosure> {
    while let syn::Expr::Paren(inner) = value {
        value = &inner.expr;
    }
    if let syn::Expr::Closure(closure) = value { Some(closure) } else { None }
}

impl<'ast> Visit<'ast> for Lister<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let start = first(&[visibility(&item.vis), Some(signature(&item.sig))]);
        self.report(self.function(), start, item.block.span(), &item.sig.ident.to_string());
        self.within(false, |lister| visit::visit_item_fn(lister, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let start = first(&[visibility(&item.vis), item.defaultness.map(|word| word.span()), Some(signature(&item.sig))]);
        self.report(self.function(), start, item.block.span(), &item.sig.ident.to_string());
        self.within(false, |lister| visit::visit_impl_item_fn(lister, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        let Some(block) = &item.default else { return visit::visit_trait_item_fn(self, item) };
        self.report(self.function(), signature(&item.sig), block.span(), &item.sig.ident.to_string());
        self.within(false, |lister| visit::visit_trait_item_fn(lister, item));
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if !matches!(item.fields, syn::Fields::Unit) {
            let start = first(&[visibility(&item.vis), Some(item.struct_token.span())]);
            self.report("class", start, item.span(), &item.ident.to_string());
        }
        self.within(true, |lister| visit::visit_item_struct(lister, item));
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let start = first(&[visibility(&item.vis), Some(item.enum_token.span())]);
        self.report("class", start, item.span(), &item.ident.to_string());
        self.within(true, |lister| visit::visit_item_enum(lister, item));
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        let start = first(&[visibility(&item.vis), Some(item.union_token.span())]);
        self.report("class", start, item.span(), &item.ident.to_string());
        self.within(true, |lister| visit::visit_item_union(lister, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let start = first(&[
            visibility(&item.vis),
            item.unsafety.map(|word| word.span()),
            item.auto_token.map(|word| word.span()),
            Some(item.trait_token.span()),
        ]);
        self.report("class", start, item.span(), &item.ident.to_string());
        self.within(true, |lister| visit::visit_item_trait(lister, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.within(true, |lister| visit::visit_item_impl(lister, item));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(closure) = local.init.as_ref().and_then(|init| closure(&init.expr)) {
            self.report(self.function(), local.let_token.span(), closure.span(), "");
            return self.within(false, |lister| visit::visit_local(lister, local));
        }
        visit::visit_local(self, local);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if let Some(closure) = closure(&item.expr) {
            let start = first(&[visibility(&item.vis), Some(item.const_token.span())]);
            self.report(self.function(), start, closure.span(), &item.ident.to_string());
        }
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        if let Some(closure) = closure(&item.expr) {
            let start = first(&[visibility(&item.vis), Some(item.static_token.span())]);
            self.report(self.function(), start, closure.span(), &item.ident.to_string());
        }
        visit::visit_item_static(self, item);
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        if let (Some(closure), Some(_)) = (closure(&field.expr), field.colon_token) {
            self.report(self.function(), field.member.span(), closure.span(), "");
            return self.within(false, |lister| visit::visit_field_value(lister, field));
        }
        visit::visit_field_value(self, field);
    }
}
