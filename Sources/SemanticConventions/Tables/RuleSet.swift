public import OTLP

/// The rules of all dialects, compiled from tables; the same for all spans that they normalise.
public struct RuleSet: Sendable {
    /// Equal exactly where all tables are, in every process: 16 hexadecimal digits.
    public let version: String
    /// Every key that the rules name literally. Batches that were decoded with it are normalised
    /// without looking their keys up.
    public let keyTable: KeyTable

    let maps: [String: ValueMap]
    let dialects: [Dialect]
    let files: [DialectFile]
    /// Files of the two dialects that are applied to every span after its own, in order.
    let commonFiles: [Int]
    let evidence: EvidenceTable
    /// Operation decisions that hold for every dialect.
    let commonKinds: [KindRow]
    /// The types of canonical and exported attributes, by the name that is written.
    let types: [String: ValueType]
    /// What makes a canonical scalar right: its normal form.
    let normalForms: [String: [ValueOperation]]
    let generalRows: [MappingRow]
    /// Patterns of all files, by shape, and those with a name in them.
    let patternsByShape: [String: [PatternUse]]
    let patternsWithName: [PatternUse]
    /// Keys that are sources of GenAI rows.
    let sourceKeys: Set<String>

    /// A pattern row: the file and the row in it.
    struct PatternUse: Hashable, Sendable {
        var file: Int
        var row: Int
    }

    /// The rules that come with this module.
    public static func builtIn() throws(RuleError) -> RuleSet {
        try RuleSet(files: [RuleFiles.builtIn()])
    }

    /// The built-in rules with the tables of these folders on top, the last folder topmost.
    ///
    /// A folder holds any of the tables, by the built-in names. A dialect file of a known name
    /// replaces it, a row of dialects.tsv too; rows of enums.tsv and kinds.tsv come before the
    /// built-in ones and so win; rows of the other tables are added.
    public init(directories: [String]) throws(RuleError) {
        var files = [try RuleFiles.builtIn()]
        for directory in directories { files.append(try RuleFiles(directory: directory)) }
        try self.init(files: files)
    }

    /// The names of all dialects, in the order that breaks ties.
    public var dialectNames: [String] { dialects.map(\.name) }
}
