import Foundation
import Recipes
import Source

/// Numbers as people read them.
enum Format {
    /// What is reported beside a loss: shares in percent.
    static func metric(_ value: Double, _ metric: Metric) -> String { metric.isShare ? percent(value) : fixed(value, 4) }

    /// A word as a shell takes it: in quotes where it has what a shell reads otherwise.
    static func shellWord(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isLetter || $0.isNumber || "./_-+:@%,=".contains($0) }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    /// A name from a file on one line, without what steers a terminal.
    static func line(_ text: String) -> String { DisplayText.sanitized(text).replacing("\n", with: "\u{FFFD}") }

    /// With `digits` behind the point.
    static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    /// Two digits and a power of ten: `1.5e-06`; `0` for none.
    static func scientific(_ value: Double) -> String { value == 0 ? "0" : String(format: "%.1e", value) }

    static func percent(_ share: Double, _ digits: Int = 2) -> String { fixed(share * 100, digits) + " %" }

    /// With as many digits as a figure of two or three has: `0.95`, `2.5`, `27`.
    static func figure(_ value: Double) -> String { fixed(value, value < 1 ? 2 : value < 20 ? 1 : 0) }

    /// A whole number in groups of three digits.
    static func grouped(_ value: Int) -> String {
        var text = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + String(text.reversed())
    }

    /// A number of things: `1 tensor`, `1,203 tensors`.
    static func count(_ value: Int, _ thing: String) -> String { "\(grouped(value)) \(thing)\(value == 1 ? "" : "s")" }

    /// Three or four digits and a unit: `12.3 M`.
    static func scaled(_ value: Double, _ unit: String = "") -> String {
        for (factor, prefix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= factor {
            return "\(fixed(value / factor, value / factor < 100 ? 2 : 1)) \(prefix)\(unit)"
        }
        return "\(fixed(value, value == value.rounded() ? 0 : 2))\(unit.isEmpty ? "" : " " + unit)"
    }

    static func bytes(_ count: Int) -> String {
        for (factor, unit) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] where count >= factor {
            return "\(fixed(Double(count) / Double(factor), 1)) \(unit)"
        }
        return "\(count) B"
    }

    /// `48 s`, `3:07 min`, `2:05 h`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e8 else { return "?" }
        if seconds < 10 { return fixed(seconds, 1) + " s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        let (large, small, unit) = whole < 3600 ? (whole / 60, whole % 60, "min") : (whole / 3600, whole % 3600 / 60, "h")
        return "\(large):\(small < 10 ? "0" : "")\(small) \(unit)"
    }
}
