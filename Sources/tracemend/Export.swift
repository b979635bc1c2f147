import Foundation

/// How far a copy of many runs is: what was written, and a bar for who watches.
struct Export {
    let runs: Int
    private(set) var done = 0
    private(set) var lines = 0
    private(set) var skipped = 0
    /// Runs that went away after they were listed.
    private(set) var gone = 0
    private(set) var failure: Failure?
    private let isWatched = isatty(STDERR_FILENO) == 1
    private var drawn = -1

    init(runs: Int) {
        self.runs = runs
    }

    /// Writes the lines of one run; nil for a run that is gone.
    mutating func add(_ read: (text: [UInt8], skipped: Int)?, to target: LineFile) {
        done += 1
        guard let read else {
            gone += 1
            return
        }
        lines += read.text.count { $0 == UInt8(ascii: "\n") }
        skipped += read.skipped
        do {
            try target.write(read.text)
        } catch {
            failure = Failure("\(target.name): cannot be written: \(error.localizedDescription)")
        }
    }

    /// Draws a bar on standard error, where that is a terminal.
    mutating func drawProgress() {
        guard isWatched, runs > 1 else { return }
        let width = 30
        let filled = done * width / runs
        let percent = done * 100 / runs
        guard percent != drawn || done == runs else { return }
        drawn = percent
        let bar =
            String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        write("\r\(bar) \(percent) % \(done)/\(runs) runs")
    }

    func eraseProgress() {
        guard drawn >= 0 else { return }
        write("\r\u{1B}[K")
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    func summary(into file: String?) -> String {
        var text = "\(count(lines, "line")) of \(count(done - gone, "run"))"
        if let file { text += " in \(file)" }
        if skipped > 0 {
            text += "; \(count(skipped, "span")) skipped, for reasons that `read RUN` tells"
        }
        if gone > 0 { text += "; \(count(gone, "run")) went away meanwhile" }
        return text
    }

    private func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
