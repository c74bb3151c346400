import Foundation
import Interchange
import LoopNest

extension Kernel {
    /// Two lines that change when the text does, and say how.
    var digest: String {
        var counts: [String: Int] = [:]
        Self.count(body, &counts)
        let text = description
        let lines = text.split(separator: "\n").count
        let operations = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        let hash = SHA256.hexadecimal(Data(text.utf8)).prefix(16)
        return "\(name): tasks \(taskCount), lines \(lines), sha256 \(hash)\n    \(operations.joined(separator: ", "))\n"
    }

    private static func count(_ statements: [Statement], _ counts: inout [String: Int]) {
        for statement in statements {
            let name =
                switch statement {
                case .define(_, let operation), .perform(let operation): operation.word
                case .loop: "for"
                case .when: "when"
                }
            counts[name, default: 0] += 1
            switch statement {
            case .loop(let loop): count(loop.body, &counts)
            case .when(_, _, let body): count(body, &counts)
            default: break
            }
        }
    }
}

extension LoopNest.Operation {
    /// The instruction's name, and how it combines lanes.
    fileprivate var word: String {
        if case .acrossLanes(let function, _) = self { return "across \(function.rawValue)" }
        return parts.instruction.name
    }
}
