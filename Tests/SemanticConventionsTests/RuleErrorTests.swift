import Foundation
import SemanticConventions
import Testing

@Suite("Folders of rules on top of the built-in ones")
struct RuleErrorTests {
    private static let dialectHeader = "source\ttarget\top\twhen\tprio\tv\tnote"
    private static let dialects =
        "dialect\ttier\tinput_incl\tfile\tnote\n"
        + "mine\t0\tyes\tmine.tsv\t"
    private static let detect = "dialect\tweight\tkind\tpattern\tnote\nmine\t5\tattr^\tmine.\t"

    private func rules(_ files: [String: String]) throws -> Result<RuleSet, RuleError> {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(
            at: folder.appending(path: "dialects"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (path, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: path))
        }
        return Result { () throws(RuleError) in try RuleSet(directories: [folder.path]) }
    }

    @Test(
        "Errors name file, line, column, what was expected and what was found",
        arguments: [
            ("dialects/mine.tsv", "source\ttarget\n", 1, "header"),
            ("dialects/mine.tsv", dialectHeader + "\na\tgen_ai.no.such\tstr\t\t\tM\t", 2, "target"),
            ("dialects/mine.tsv", dialectHeader + "\n# c\na\tin\tmsgs:klingon\t\t\tM\t", 3, "op"),
            ("dialects/mine.tsv", dialectHeader + "\na\tuser.id\tmap:nothing\t\t\tM\t", 2, "op"),
            ("dialects/mine.tsv", dialectHeader + "\na\tuser.id\tstr\twhat\t\tM\t", 2, "when"),
            ("dialects/mine.tsv", dialectHeader + "\na\tuser.id\tstr\t\tsoon\tM\t", 2, "prio"),
            ("dialects/mine.tsv", dialectHeader + "\na\tin[{i}].text\tstr\t\t\tM\t", 2, "target"),
            ("dialects/mine.tsv", dialectHeader + "\na.{i}\tin[{i}].x\tstr\t\t\tM\t", 2, "target"),
            ("dialects/mine.tsv", dialectHeader + "\n@x\tuser.id\tstr\t\t\tM\t", 2, "source"),
            (
                "detect.tsv", "dialect\tweight\tkind\tpattern\tnote\nmine\tbig\tattr\ta\t", 2,
                "weight"
            ),
            ("detect.tsv", "dialect\tweight\tkind\tpattern\tnote\nhis\t1\tattr\ta\t", 2, "dialect"),
            ("detect.tsv", "dialect\tweight\tkind\tpattern\tnote\nmine\t1\tsmell\ta\t", 2, "kind"),
            (
                "detect.tsv", "dialect\tweight\tkind\tpattern\tnote\nmine\t1\tscope~\t(\t", 2,
                "pattern"
            ),
            ("kinds.tsv", "dialect\twhen\top\tnote\nmine\thas:a\tmap:x\t", 2, "op"),
            ("ext.tsv", "key\ttype\texport_as\twhy\next.a\tblob\ta\t", 2, "type"),
        ])
    func errors(_ file: String, _ text: String, _ line: Int, _ column: String) throws {
        var files = [
            "dialects.tsv": Self.dialects, "detect.tsv": Self.detect,
            "dialects/mine.tsv": Self.dialectHeader + "\n",
        ]
        files[file] = text
        guard case .failure(let error) = try rules(files) else {
            Issue.record("the rules were accepted")
            return
        }
        guard case .malformed(file, line, column, let expected, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(!expected.isEmpty)
        #expect(error.description.hasPrefix("\(file):\(line): column \(column): expected "))
    }

    @Test("A folder adds a dialect, and the version tells")
    func addsDialect() throws {
        let table =
            Self.dialectHeader + "\nmine.{i}.said\tin[{i}].text\tstr\t\t\tM\t\n"
            + "mine.model\tgen_ai.request.model\tstr\t\t\tM\t\n"
        let mine = try rules([
            "dialects.tsv": Self.dialects, "detect.tsv": Self.detect, "dialects/mine.tsv": table,
        ]).get()
        let builtIn = try RuleSet.builtIn()
        #expect(mine.version != builtIn.version)
        #expect(try RuleSet.builtIn().version == builtIn.version)
        #expect(mine.dialectNames == builtIn.dialectNames + ["mine"])
    }

    @Test("All mistakes are told, in the order of files and lines")
    func allMistakes() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(
            at: folder.appending(path: "dialects"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = [
            "dialects.tsv": Self.dialects,
            "detect.tsv": Self.detect + "\nhis\tbig\tsmell\ta\t",
            "dialects/mine.tsv": Self.dialectHeader
                + "\na\tgen_ai.no.such\tstr\twhat\tsoon\tM\t\nb\tuser.id\tstir\t\t\tM\t",
            "dialects/his.tsv": Self.dialectHeader, "dialect.tsv": "",
        ]
        for (path, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: path))
        }
        let places = try RuleSet.problems(inDirectory: folder.path).map { problem in
            switch problem {
            case .malformed(let file, let line, let column, _, _): "\(file):\(line) \(column)"
            default: problem.description.split(separator: ":").first.map { String($0) } ?? ""
            }
        }
        #expect(
            places == [
                "detect.tsv:3 dialect", "detect.tsv:3 weight", "detect.tsv:3 kind", "dialect.tsv",
                "dialects/his.tsv", "dialects/mine.tsv:2 target", "dialects/mine.tsv:2 when",
                "dialects/mine.tsv:2 prio", "dialects/mine.tsv:3 op",
            ])
    }

    @Test("A folder that is not there is told")
    func missingFolder() {
        #expect(throws: RuleError.self) { try RuleSet(directories: ["/no/such/folder"]) }
    }
}
