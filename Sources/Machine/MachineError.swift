internal import CLLVM
internal import CMemory
import Foundation

/// What can go wrong while machine code is made; none of it is a user's mistake.
public enum MachineError: Error, CustomStringConvertible, Sendable {
    /// The code generator knows no such triple, or refuses it.
    case unsupportedTarget(String)
    case codeGeneration(String)
    case linking(String)
    /// A file that should have been written could not be.
    case file(path: String, reason: String)

    public var description: String {
        switch self {
        case .unsupportedTarget(let reason): "unsupported target: \(reason)"
        case .codeGeneration(let reason): "code generation failed: \(reason)"
        case .linking(let reason): "linking of generated code failed: \(reason)"
        case .file(let path, let reason): "\(path): \(reason)"
        }
    }
}
