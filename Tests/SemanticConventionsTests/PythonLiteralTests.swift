import OTLP
import SemanticConventions
import Testing

@Suite("Python literals")
struct PythonLiteralTests {
    @Test(
        "Are read as repr writes them",
        arguments: [
            ("None", .null), ("True", true), ("False", false), ("-12", -12), ("1_000", 1000),
            ("1.5e3", 1500.0), ("'it\\'s'", "it's"), ("\"it's\"", "it's"), ("'a' 'b'", "ab"),
            ("b'raw'", "raw"), ("r'a\\n'", "a\\n"), ("'\\u2600\\x41\\n'", "☀A\n"),
            ("'''a'b'''", "a'b"), ("[]", []), ("[1, 'a', None,]", [1, "a", nil]),
            ("(1,)", [1]), ("(1)", 1), ("()", []), ("{}", [:]),
            ("{'a': {'b': [True]}, 1: 2.0}", ["a": ["b": [true]], "1": 2.0]),
            (" { 'x' : 'y' } ", ["x": "y"]),
        ] as [(String, JSONValue)])
    func read(_ text: String, _ value: JSONValue) {
        #expect(PythonLiteral.parse(text) == value)
    }

    @Test(
        "Are nothing else",
        arguments: [
            "", "[", "[1", "{'a'}", "{'a': }", "open('x')", "None None", "'a", "[1 2]", "'\\x4'",
            "datetime.datetime(2026, 1, 1)", "[,]", "--1", "é",
            String(repeating: "[", count: 100_000),
        ])
    func refused(_ text: String) {
        #expect(PythonLiteral.parse(text) == nil)
    }
}
