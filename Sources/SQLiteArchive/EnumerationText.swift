/// The names of `SpanKind` as the `kind` column has them; other numbers stand as digits.
enum SpanKindText {
    private static let names = [
        "UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER",
    ]

    static func text(of kind: Int32) -> String { name(of: kind, among: names) }
    static func number(of text: String) -> Int32? { numberNamed(text, among: names) }
}

/// The names of `StatusCode` as the `status_code` column has them; other numbers stand as digits.
enum StatusCodeText {
    private static let names = ["UNSET", "OK", "ERROR"]

    static func text(of code: Int32) -> String { name(of: code, among: names) }
    static func number(of text: String) -> Int32? { numberNamed(text, among: names) }
}

private func name(of number: Int32, among names: [String]) -> String {
    names.indices.contains(Int(number)) ? names[Int(number)] : number.description
}

private func numberNamed(_ text: String, among names: [String]) -> Int32? {
    names.firstIndex(of: text).map { Int32($0) } ?? Int32(text)
}
