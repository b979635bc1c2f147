import Foundation
import Sinks

/// An exception of ClickHouse, by the code that it tells in a header or at the begin of a line:
/// `Code: 516. DB::Exception: …`.
///
/// Source: https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
struct ServerError: Hashable, Sendable {
    var code: Int
    var message: String

    /// Finds the exception in an answer, be it the whole of it, or behind the part that was sent
    /// before it happened.
    ///
    /// One exception may quote another: the first is the one that counts.
    init?(header: String?, body: [UInt8]) {
        let text = String(decoding: body.suffix(Self.maximumExceptionBytes), as: UTF8.self)
        let found = Self.firstException(in: text)
        guard let code = header.flatMap({ Int($0) }) ?? found?.code else { return nil }
        self.code = code
        if let found, found.code == code {
            message = Self.line(found.text)
        } else {
            message = "Code: \(code). \(Self.line(text[...]))"
        }
    }

    private static func firstException(in text: String) -> (code: Int, text: Substring)? {
        var rest = text[...]
        while let found = rest.range(of: "Code: ") {
            rest = text[found.upperBound...]
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            if let code = Int(digits), rest.dropFirst(digits.count).hasPrefix(". DB::") {
                return (code, text[found.lowerBound...])
            }
        }
        return nil
    }

    /// What to do about it. What is not known here is likelier to be the server's trouble than the
    /// run's, so it is tried again.
    var sinkError: SinkError {
        if Self.misconfigured.contains(code) { return .misconfigured(reason: message) }
        if Self.aboutTheRun.contains(code) { return .permanent(reason: message) }
        return .retryable(reason: message, after: nil)
    }

    /// Every run meets these, until somebody changes something.
    private static let misconfigured: Set<Int> = [
        10,  // NOT_FOUND_COLUMN_IN_BLOCK
        16,  // NO_SUCH_COLUMN_IN_TABLE
        36,  // BAD_ARGUMENTS
        44,  // ILLEGAL_COLUMN
        47,  // UNKNOWN_IDENTIFIER
        48,  // NOT_IMPLEMENTED
        50,  // UNKNOWN_TYPE
        56,  // UNKNOWN_STORAGE
        60,  // UNKNOWN_TABLE
        62,  // SYNTAX_ERROR
        80,  // INCORRECT_QUERY
        81,  // UNKNOWN_DATABASE
        115,  // UNKNOWN_SETTING
        139,  // NO_ELEMENTS_IN_CONFIG
        164,  // READONLY
        170,  // BAD_GET: how older servers tell an unknown cluster
        192,  // UNKNOWN_USER
        193,  // WRONG_PASSWORD
        194,  // REQUIRED_PASSWORD
        195,  // IP_ADDRESS_NOT_ALLOWED
        291,  // DATABASE_ACCESS_DENIED
        344,  // SUPPORT_IS_DISABLED
        392,  // QUERY_IS_PROHIBITED
        452,  // SETTING_CONSTRAINT_VIOLATION
        497,  // ACCESS_DENIED
        516,  // AUTHENTICATION_FAILED
        701,  // CLUSTER_DOESNT_EXIST
    ]

    /// The bytes of this insert are refused, and will be again.
    private static let aboutTheRun: Set<Int> = [
        6,  // CANNOT_PARSE_TEXT
        27,  // CANNOT_PARSE_INPUT_ASSERTION_FAILED
        33,  // CANNOT_READ_ALL_DATA
        41,  // CANNOT_PARSE_DATETIME
        53,  // TYPE_MISMATCH
        69,  // ARGUMENT_OUT_OF_BOUND
        117,  // INCORRECT_DATA
        128,  // TOO_LARGE_ARRAY_SIZE
        131,  // TOO_LARGE_STRING_SIZE
        190,  // SIZES_OF_ARRAYS_DOESNT_MATCH
        321,  // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        469,  // VIOLATED_CONSTRAINT
    ]

    private static let maximumMessageLength = 500
    /// What comes behind a part of an answer is no longer.
    private static let maximumExceptionBytes = 64 << 10

    private static func line(_ text: Substring) -> String {
        let line = text.split(whereSeparator: \.isNewline).prefix(8).joined(separator: " ")
        return String(line.prefix(maximumMessageLength))
    }
}
