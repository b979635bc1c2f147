import ArgumentParser
import Foundation
import Readings

/// A failure that the user is told in one line; the program exits with 1.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        // Much of it comes from peers.
        self.description = description.printable(limit: 4000)
    }
}

/// Writes one line to standard error.
func tell(_ message: String) {
    FileHandle.standardError.write(Data((message.printable(limit: 4000) + "\n").utf8))
}

/// Writes bytes to standard output.
func show(_ bytes: [UInt8]) throws {
    try FileHandle.standardOutput.write(contentsOf: Data(bytes))
}

/// Writes text to standard output.
func show(_ text: String) throws {
    try show(Array(text.utf8))
}
