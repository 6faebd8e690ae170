//! Names in the headers of all languages.

use crate::{Language, name_of, tokenize};

#[test]
fn headers_declare_their_names() {
    for (path, header, expected) in [
        ("a.js", "async function* f(a)", "f"),
        ("a.js", "static async *[Symbol.iterator]()", "[Symbol.iterator]"),
        ("a.js", "get size()", "size"),
        ("a.js", "get()", "get"),
        ("a.js", "delete()", "delete"),
        ("a.js", "'quoted name'()", "quoted name"),
        ("a.js", "#hidden(a)", "#hidden"),
        ("a.js", "Cart.prototype.add = function (a)", "Cart.prototype.add"),
        ("a.js", "handlers['a'] = (b) =>", "handlers['a']"),
        ("a.js", "export default (a) =>", "default"),
        ("a.ts", "private readonly f = async <T,>(x: T): Promise<T> =>", "f"),
        ("a.ts", "handler: (e: Event) => void = (e) =>", "handler"),
        ("a.ts", "abstract class A<T> extends B<T>", "A"),
        ("a.ts", "f<T extends (a: B) => C>(a: T): void", "f"),
        ("a.ts", "interface I", "I"),
        ("a.ts", "const enum E", "E"),
        ("a.go", "func (s *Server[T]) Close() error", "Close"),
        ("a.go", "func Map[K comparable, V any](m map[K]V) []V", "Map"),
        ("a.go", "type Shape interface", "Shape"),
        ("a.go", "Shape struct", "Shape"),
        ("a.go", "handler := func(w http.ResponseWriter)", "handler"),
        ("a.go", "\"percent\": func(a int) template.HTML", "percent"),
        ("a.rs", "pub(crate) const unsafe extern \"C\" fn f<'a, T: Fn(u8) -> u8>(a: &'a T)", "f"),
        ("a.rs", "pub struct Point<T>", "Point"),
        ("a.rs", "fn r#type()", "r#type"),
        ("a.rs", "let f = |a: u8|", "f"),
        ("a.java", "public static <T extends Comparable<T>> List<T> sorted(List<T> a)", "sorted"),
        ("a.java", "protected @Nullable String[] names(@Size(max = 3) int[] a)", "names"),
        ("a.java", "public sealed interface Shape permits Circle", "Shape"),
        ("a.java", "record Point(int x, int y)", "Point"),
        ("a.java", "Point", "Point"),
        ("a.java", "private final Function<A, B> f = (a) ->", "f"),
        ("a.cs", "public static V operator +(V a, V b)", "operator +"),
        ("a.cs", "public static implicit operator int(V v)", "operator int"),
        ("a.cs", "public int this[int index]", "this"),
        ("a.cs", "~Cart()", "~Cart"),
        ("a.cs", "void IList<T>.Add(T item)", "IList<T>.Add"),
        ("a.cs", "public readonly record struct Point(int X)", "Point"),
        ("a.cs", "async Task<(int, string)> RunAsync()", "RunAsync"),
        ("a.cs", "public string? Name", "Name"),
        ("a.php", "public static function &half(int $x): ?int", "half"),
        ("a.php", "$twice = function (int $y) use ($x)", "$twice"),
        ("a.php", "'get' => function ($request)", "get"),
        ("a.php", "enum Color: string", "Color"),
    ] {
        assert_eq!(Language::of_record(path).declared_name(header), expected, "{header}");
    }
}

#[test]
fn headers_show_methods_and_classes() {
    for (path, header, is_class, is_method) in [
        ("a.ts", "f(a) {", false, true),
        ("a.ts", "function f(a) {", false, false),
        ("a.go", "func (s S) F() {", false, true),
        ("a.rs", "fn f(&'a mut self) {", false, true),
        ("a.rs", "fn f(a: A) {", false, false),
        ("a.java", "class A {", true, false),
        ("a.java", "void f() {", false, true),
    ] {
        let language = Language::of_record(path);
        let head = language.head(header, &tokenize(language.lexicon, header)).unwrap();
        assert_eq!((head.is_class, head.is_method), (is_class, is_method), "{header}");
    }
}

#[test]
fn damaged_headers_have_no_name() {
    for language in crate::LANGUAGES {
        for header in ["", "(", "[", "<", "@", "@(", "=", "func (", "operator", "~", ".", "\"", "function *"] {
            let name = language.declared_name(header);
            assert!(!name.is_empty(), "{header}");
        }
    }
}

#[test]
fn receivers_belong_to_names() {
    for (signature, expected) in [
        ("func (s *Server[T]) Close() error", "Server.Close"),
        ("func (Row) Reset()", "Row.Reset"),
        ("func Close()", "Close"),
        ("handler := func(a int)", "handler"),
    ] {
        assert_eq!(name_of("a.go", signature), expected);
    }
}
