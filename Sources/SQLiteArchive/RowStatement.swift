import GRDB
import GRDBSQLite
import OTLP

/// A cached statement whose parameters are bound one after the other.
///
/// It speaks to SQLite's C API: bound that way a row costs about half of what it costs through
/// argument arrays, and a collector writes millions of rows.
struct RowStatement {
    private let db: Database
    private let statement: Statement
    private var parameter: CInt = 0

    init(_ db: Database, sql: String) throws {
        self.db = db
        statement = try db.cachedStatement(sql: sql)
    }

    mutating func bind(_ number: Int64) {
        parameter += 1
        sqlite3_bind_int64(statement.sqliteStatement, parameter, number)
    }

    mutating func bind(_ number: Int64?) {
        if let number { bind(number) } else { bindNull() }
    }

    mutating func bind(_ flag: Bool) { bind(flag ? 1 as Int64 : 0) }

    mutating func bind(_ text: String?) {
        guard var text else { return bindNull() }
        parameter += 1
        text.withUTF8 { buffer in
            bind(text: UnsafeRawBufferPointer(buffer))
        }
    }

    /// Binds UTF-8 bytes as text.
    mutating func bind(text bytes: ArraySlice<UInt8>) {
        parameter += 1
        bytes.withUnsafeBytes { bind(text: $0) }
    }

    mutating func bind(blob bytes: [UInt8]?) {
        guard let bytes else { return bindNull() }
        parameter += 1
        bytes.withUnsafeBytes { buffer in
            _ = sqlite3_bind_blob64(
                statement.sqliteStatement, parameter, buffer.baseAddress ?? Self.someAddress,
                UInt64(buffer.count), Self.transient)
        }
    }

    mutating func bindNull() {
        parameter += 1
        sqlite3_bind_null(statement.sqliteStatement, parameter)
    }

    /// Runs the statement, which returns no rows, and makes it ready for the next row.
    mutating func run() throws {
        defer { reset() }
        guard sqlite3_step(statement.sqliteStatement) == SQLITE_DONE else { throw failure() }
    }

    /// Binds the only parameter, and runs the statement.
    consuming func run(_ only: String) throws {
        var statement = self
        statement.bind(only)
        try statement.run()
    }

    /// Runs the statement, and hands over each row it returns.
    mutating func forEachRow(_ body: (borrowing ResultRow) throws -> Void) throws {
        defer { reset() }
        while true {
            switch sqlite3_step(statement.sqliteStatement) {
            case SQLITE_ROW: try body(ResultRow(statement: statement.sqliteStatement))
            case SQLITE_DONE: return
            default: throw failure()
            }
        }
    }

    private func bind(text buffer: UnsafeRawBufferPointer) {
        let start = (buffer.baseAddress ?? Self.someAddress).assumingMemoryBound(to: CChar.self)
        sqlite3_bind_text64(
            statement.sqliteStatement, parameter, start, UInt64(buffer.count), Self.transient,
            UInt8(SQLITE_UTF8))
    }

    private func failure() -> DatabaseError {
        DatabaseError(resultCode: db.lastErrorCode, message: db.lastErrorMessage)
    }

    private mutating func reset() {
        sqlite3_reset(statement.sqliteStatement)
        sqlite3_clear_bindings(statement.sqliteStatement)
        parameter = 0
    }

    /// SQLite takes a null address for NULL, also where the length is 0.
    private static var someAddress: UnsafeRawPointer {
        UnsafeRawPointer(bitPattern: 1 << 12).unsafelyUnwrapped
    }

    /// SQLite copies what is bound.
    private static var transient: sqlite3_destructor_type {
        unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }
}

/// One row of a result; valid while it is handed over.
struct ResultRow: ~Copyable {
    fileprivate let statement: SQLiteStatement

    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(statement, column) }

    /// The bytes of a text or blob; none for NULL.
    func bytes(_ column: CInt) -> [UInt8] {
        guard let start = sqlite3_column_blob(statement, column) else { return [] }
        let count = Int(sqlite3_column_bytes(statement, column))
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func text(_ column: CInt) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// The text of a column that may be NULL.
    func textOrNil(_ column: CInt) -> String? { isNull(column) ? nil : text(column) }

    /// The trace id and span id of two neighbouring columns.
    func spanKey(_ column: CInt) -> SpanKey? {
        guard let high = word(column, digits: 0..<16), let low = word(column, digits: 16..<32),
            let span = word(column + 1, digits: 0..<16)
        else { return nil }
        return SpanKey(traceID: TraceID(high: high, low: low), spanID: SpanID(word: span))
    }

    /// Hexadecimal digits of a column, read without a string: there is one such row for each span
    /// of a run whenever a revision comes.
    private func word(_ column: CInt, digits: Range<Int>) -> UInt64? {
        guard let text = sqlite3_column_text(statement, column),
            Int(sqlite3_column_bytes(statement, column)) >= digits.upperBound
        else { return nil }
        var word: UInt64 = 0
        for place in digits {
            let digit = text[place]
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): word = word << 4 | UInt64(digit & 15)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): word = word << 4 | UInt64(digit & 15 + 9)
            default: return nil
            }
        }
        return word
    }
}
