import Foundation
import TestSupport

/// A command that a page of documentation shows in a `console` block, with what it prints there.
///
/// Behind `console` may stand: `varies` (figures and the length of bars are of one machine and one moment), `fails` (the last command
/// ends with status 1), and at the end `left out: REASON` (tests do not run it). A line `…` stands for any lines that are not shown, and
/// `…` within a line for any text. Where no output is shown, none is compared.
struct Transcript: Sendable, CustomStringConvertible {
    /// As a shell reads it, with all lines of a here-document.
    var command: String
    var output: [String] = []
    /// Counted from 1.
    var line: Int
    var varies: Bool
    var status: Int32 = 0
    /// Why tests do not run it.
    var reason: String?

    var description: String { "line \(line): \(command.prefix { $0 != "\n" })" }

    /// All commands of a page, in order.
    static func all(in lines: [String]) -> [Transcript] {
        FencedBlock.all(in: lines).filter { $0.kind == "console" || $0.kind.hasPrefix("console ") }.flatMap { block in
            let parts = block.kind.components(separatedBy: "left out: ")
            let words = parts[0].split(separator: " ").map(String.init)
            precondition(Set(words).isSubset(of: ["console", "varies", "fails"]), "line \(block.lines.lowerBound): \(block.kind)")
            var found: [Transcript] = []
            var isWithinDocument = false
            for number in block.lines {
                let line = lines[number]
                if isWithinDocument || found.last?.command.hasSuffix("\\") == true {
                    found[found.count - 1].command += "\n" + line
                    isWithinDocument = isWithinDocument && line != "EOF"
                } else if line.hasPrefix("$ ") {
                    found.append(
                        Transcript(
                            command: String(line.dropFirst(2)), line: number + 1, varies: words.contains("varies"),
                            reason: parts.count > 1 ? parts[1] : nil))
                    isWithinDocument = line.hasSuffix("<<'EOF'")
                } else {
                    precondition(!found.isEmpty, "line \(number + 1): output without a command")
                    found[found.count - 1].output.append(line)
                }
            }
            if words.contains("fails") { found[found.count - 1].status = 1 }
            return found
        }
    }

    /// What is shown and not printed, or printed and not shown: nil if nothing is.
    func difference(from printed: String) -> String? {
        var printed = printed.split(separator: "\n", omittingEmptySubsequences: false).map { Self.trimmed($0) }
        while printed.last?.isEmpty == true { printed.removeLast() }
        var shown = output.map { Self.trimmed($0[...]) }
        while shown.last?.isEmpty == true { shown.removeLast() }
        if shown.isEmpty { return nil }
        // How many printed lines those shown so far may stand for.
        var ends: Set<Int> = [0]
        for line in shown {
            if line == "…" {
                ends = Set((ends.min() ?? 0)...printed.count)
                continue
            }
            let next = Set(ends.filter { $0 < printed.count && matches(line, printed[$0]) }.map { $0 + 1 })
            if next.isEmpty {
                let first = ends.min() ?? 0
                return "'\(line)' is not what is printed there: '\(first < printed.count ? printed[first] : "nothing more")'"
            }
            ends = next
        }
        return ends.contains(printed.count) ? nil : "'\(printed[ends.max() ?? 0])' is printed and not shown"
    }

    private static func trimmed(_ line: Substring) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return String(line)
    }

    private func matches(_ shown: String, _ printed: String) -> Bool {
        let pieces = (varies ? Self.withoutFigures(shown) : shown).components(separatedBy: "…")
        let text = varies ? Self.withoutFigures(printed) : printed
        guard pieces.count > 1 else { return pieces[0] == text }
        guard text.hasPrefix(pieces[0]), text.hasSuffix(pieces[pieces.count - 1]) else { return false }
        var rest = text.dropFirst(pieces[0].count)
        for piece in pieces.dropFirst() where !piece.isEmpty {
            guard let range = rest.range(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }

    /// The line with `#` in place of every number, with its unit of time or bytes, without bars and rules, and with single spaces.
    static func withoutFigures(_ line: String) -> String {
        let bars = line.filter { !"█▉▊▋▌▍▎▏─".contains($0) }
        let figures = bars.replacing(/-?[0-9][0-9.,:]*(e[-+]?[0-9]+)?/, with: "#")
        let units = figures.replacing(/# (ns|µs|ms|s|min|h|B|KiB|MiB|GiB)\b/, with: "#")
        return units.split(separator: " ").joined(separator: " ")
    }
}
