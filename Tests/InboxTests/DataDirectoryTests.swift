import Foundation
import Inbox
import Testing

@Suite("The data directory belongs to one collector")
struct DataDirectoryTests {
    @Test func `It is made with mode 0700, with the directories above it`() async throws {
        try await withScratch { scratch in
            let path = scratch.directory + "/a/b"
            let directory = try DataDirectory(path)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(mode as? Int == 0o700)
            #expect(directory.file("inbox.sqlite") == path + "/inbox.sqlite")
        }
    }

    @Test func `A second collector learns who has it, and gets it afterwards`() async throws {
        try await withScratch { scratch in
            let path = scratch.directory + "/data"
            do {
                let first = try DataDirectory(path)
                let error = DataDirectoryError.locked(
                    path: path, processID: Int(ProcessInfo.processInfo.processIdentifier))
                #expect(throws: error) { try DataDirectory(path) }
                #expect("\(error)".hasPrefix(path))
                #expect(first.path == path)
            }
            _ = try DataDirectory(path)
        }
    }

    @Test func `What is no directory is refused`() async throws {
        try await withScratch { scratch in
            let path = scratch.directory + "/file"
            try Data().write(to: URL(fileURLWithPath: path))
            for path in [path, path + "/below"] {
                #expect {
                    try DataDirectory(path)
                } throws: { error in
                    guard case .unusable(path, _) = error as? DataDirectoryError else {
                        return false
                    }
                    return true
                }
            }
        }
    }
}
