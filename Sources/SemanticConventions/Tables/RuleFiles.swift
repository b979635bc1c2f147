import Foundation

/// The texts of the rule tables, by their path inside the folder of rules.
struct RuleFiles {
    var texts: [String: String] = [:]

    init() {}

    /// Reads `*.tsv` and `dialects/*.tsv` of a folder.
    init(directory: String) throws(RuleError) {
        for folder in ["", "dialects/"] {
            let path = directory + "/" + folder
            guard folder.isEmpty || FileManager.default.fileExists(atPath: path) else { continue }
            for name in try Self.names(in: path) where name.hasSuffix(".tsv") {
                texts[folder + name] = try Self.text(at: path + name)
            }
        }
    }

    private static let tables: Set<String> = [
        "canonical.tsv", "ext.tsv", "enums.tsv", "dialects.tsv", "detect.tsv", "kinds.tsv",
        "general.tsv",
    ]

    /// Notes files that are no table, and dialects that no row of any `dialects.tsv` names.
    func noteUnusedFiles(_ layers: [RuleFiles], _ problems: inout RuleProblems) {
        var named: Set<String> = []
        for layer in layers {
            let rows = (layer.texts["dialects.tsv"] ?? "").split(whereSeparator: \.isNewline)
                .map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
            guard let column = rows.first?.firstIndex(of: "file") else { continue }
            for row in rows where column < row.count { named.insert("dialects/\(row[column])") }
        }
        for path in texts.keys.sorted() where !Self.tables.contains(path) && !named.contains(path) {
            let expected =
                path.hasPrefix("dialects/")
                ? "a file that a row of dialects.tsv names"
                : "one of \(Self.tables.sorted().joined(separator: ", "))"
            problems.add(.unusedFile(path: path, expected: expected))
        }
    }

    /// The tables that come with this module.
    ///
    /// They lie in the resource bundle beside the executable. The accessor that the package
    /// manager generates stops the process where the bundle is missing, so it is not asked.
    static func builtIn() throws(RuleError) -> RuleFiles {
        let bundle = "tracemend_SemanticConventions.resources"
        let sources = (#filePath as NSString).deletingLastPathComponent
        var places: [String] = []
        for executable in [Bundle.main.executablePath, CommandLine.arguments.first] {
            guard let executable else { continue }
            let resolved = (executable as NSString).resolvingSymlinksInPath as NSString
            let folder = resolved.deletingLastPathComponent
            places += [
                "\(folder)/\(bundle)/Rules",
                "\((folder as NSString).deletingLastPathComponent)/share/tracemend/Rules",
            ]
        }
        places.append((sources as NSString).deletingLastPathComponent + "/Rules")
        guard
            let place = places.first(where: {
                FileManager.default.fileExists(atPath: $0 + "/dialects.tsv")
            })
        else { throw .rulesNotFound(searched: places) }
        return try RuleFiles(directory: place)
    }

    /// A number that is equal exactly where all texts are: 16 hexadecimal digits of FNV-1a.
    var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        for (path, text) in texts.sorted(by: { $0.key < $1.key }) {
            add(path.utf8)
            add(CollectionOfOne(0))
            add(text.utf8)
            add(CollectionOfOne(0))
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func names(in directory: String) throws(RuleError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw .unreadable(path: directory, reason: "\(error.localizedDescription)")
        }
    }

    private static func text(at path: String) throws(RuleError) -> String {
        do {
            return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        } catch {
            throw .unreadable(path: path, reason: "\(error.localizedDescription)")
        }
    }
}
