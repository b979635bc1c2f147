import Foundation

/// Where an export goes: standard output, or a file that takes its name when it is whole, so that
/// what is there is never half an export.
struct LineFile {
    let name: String
    private let path: String?
    private let handle: FileHandle

    init(_ path: String?) throws {
        self.path = path
        name = path ?? "standard output"
        guard let path else {
            handle = .standardOutput
            return
        }
        guard !FileManager.default.fileExists(atPath: path) else {
            throw Failure("\(path): exists already; name another --output, or remove it")
        }
        let partial = Self.partial(path)
        // Prompts are secrets.
        guard
            FileManager.default.createFile(
                atPath: partial, contents: nil, attributes: [.posixPermissions: 0o600]),
            let handle = FileHandle(forWritingAtPath: partial)
        else { throw Failure("\(path): cannot be written: \(String(cString: strerror(errno)))") }
        self.handle = handle
    }

    func write(_ text: [UInt8]) throws {
        try handle.write(contentsOf: Data(text))
    }

    /// Gives the file its name.
    func finish() throws {
        guard let path else { return }
        do {
            try handle.synchronize()
            try handle.close()
            try FileManager.default.moveItem(atPath: Self.partial(path), toPath: path)
        } catch {
            throw Failure("\(path): cannot be written: \(error.localizedDescription)")
        }
    }

    /// Removes what was written.
    func discard() {
        guard let path else { return }
        do {
            try handle.close()
            try FileManager.default.removeItem(atPath: Self.partial(path))
        } catch {
            tell("\(Self.partial(path)): cannot be removed: \(error.localizedDescription)")
        }
    }

    private static func partial(_ path: String) -> String { path + ".partial" }
}
