import Foundation

/// What standard output is.
enum Terminal {
    /// Colour is for terminals, and not for people who set NO_COLOR.
    static var isColoured: Bool {
        let noColour = ProcessInfo.processInfo.environment["NO_COLOR"] ?? ""
        return noColour.isEmpty && isatty(STDOUT_FILENO) == 1
    }

    static func bold(_ text: String, _ isColoured: Bool) -> String {
        isColoured ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }
}
