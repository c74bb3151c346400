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
                case .define(_, let operation): operation.word
                case .store: "store"
                case .scatter: "scatter"
                case .loop: "for"
                case .when: "when"
                case .prefetch: "prefetch"
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
    /// The word that begins it in the text of a kernel.
    fileprivate var word: String {
        switch self {
        case .constant: "constant"
        case .load: "load"
        case .broadcast: "broadcast"
        case .gather: "gather"
        case .unary(let function, _): function.rawValue
        case .binary(let function, _, _): function.rawValue
        case .fusedMultiplyAdd: "fma"
        case .select: "select"
        case .position: "position"
        case .uniform: "uniform"
        case .acrossLanes(let function, _): "across \(function.rawValue)"
        case .keep: "keep"
        }
    }
}
