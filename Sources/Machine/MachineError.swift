internal import CLLVM
internal import CMemory
import CompiledC
import Foundation
import Source

/// What can go wrong while machine code is made.
public enum MachineError: Mistake {
    /// The code generator knows no such triple, or refuses it.
    case unsupportedTarget(String)
    /// A kernel needs a unit that the target has not.
    case missingUnit(String, kernel: String, target: String)
    case codeGeneration(String)
    case linking(String)
    /// A C function cannot be compiled.
    case foreign(CompilationError)
    /// A file that should have been written could not be.
    case file(path: String, reason: String)

    public var diagnostic: Diagnostic {
        if case .foreign(let error) = self { error.diagnostic } else { Diagnostic(description, at: .none) }
    }

    public var description: String {
        switch self {
        case .unsupportedTarget(let reason): "unsupported target: \(reason)"
        case .missingUnit(let unit, let kernel, let target): "kernel '\(kernel)' needs \(unit), which \(target) has not"
        case .codeGeneration(let reason): "code generation failed: \(reason)"
        case .foreign(let error): error.description
        case .linking(let reason): "linking of generated code failed: \(reason)"
        case .file(let path, let reason): "\(path): \(reason)"
        }
    }
}
