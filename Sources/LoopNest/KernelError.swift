import Graph
import Source

/// What can be wrong with a kernel: with its text, with what it says, or with what it does when it runs.
public enum KernelError: Mistake, Hashable {
    public var diagnostic: Diagnostic { if case .text(let error) = self { error.diagnostic } else { Diagnostic(description, at: .none) } }

    /// The text is no kernel.
    case text(TextError)
    /// The kernel breaks a rule that `verify` checks, in the statement given as text.
    case invalid(kernel: String, statement: String, message: String)
    /// The buffers given to a run are not those the kernel declares.
    case arguments(kernel: String, message: String)
    /// A lane reads or writes element `index` of a buffer of `count` elements.
    case outOfBounds(kernel: String, statement: String, buffer: String, index: Int, count: Int, variables: [VariableValue])
    /// Two tasks touch an element that one of them writes, so the result would depend on their order.
    case dependentTasks(kernel: String, statement: String, buffer: String, index: Int, tasks: [Int])
    /// The run takes more loop turns than allowed.
    case tooLong(kernel: String, turns: Int)

    /// A loop variable and what it held when an error occurred.
    public struct VariableValue: Hashable, Sendable {
        public var name: String
        public var value: Int

        public init(name: String, value: Int) {
            self.name = name
            self.value = value
        }
    }

    public var description: String {
        switch self {
        case .text(let error): error.description
        case .invalid(let kernel, let statement, let message):
            "kernel \(kernel): \(message)" + (statement.isEmpty ? "" : ", in `\(statement)`")
        case .arguments(let kernel, let message):
            "kernel \(kernel): \(message)"
        case .outOfBounds(let kernel, let statement, let buffer, let index, let count, let variables):
            "kernel \(kernel): element \(index) of '\(buffer)', which has \(count), in `\(statement)`"
                + " where " + variables.map { "\($0.name) = \($0.value)" }.joined(separator: ", ")
        case .dependentTasks(let kernel, let statement, let buffer, let index, let tasks):
            "kernel \(kernel): tasks \(tasks.map(String.init).joined(separator: " and ")) both touch element \(index) of '\(buffer)',"
                + " and one writes it, in `\(statement)`"
        case .tooLong(let kernel, let turns):
            "kernel \(kernel): the run takes more than \(turns) loop turns"
        }
    }
}
