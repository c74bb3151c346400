import ArgumentParser
import Compiler
import Graph
import Kernels
import LoopNest
import Machine

/// With how many threads, and how exactly, a network is computed.
struct ArithmeticOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads that compute (default: all cores); the results do not depend on it.", valueName: "count"))
    var threads: Int?

    @Option(
        help: ArgumentHelp(
            "How exactly sums are computed: default; strict (convolutions and linear layers as if in twice the precision; slow); or the "
                + "largest error of a convolution that may be traded for speed, such as 1e-6 (default: 3.5e-6): root mean square, relative to "
                + "that of the result; a single element is off relative to the largest of the few around it.",
            valueName: "numerics"))
    var numerics = Numerics.standard

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be from 1 to 1024, not \(threads)") }
    }

    var threadCount: Int { threads ?? Target.host.cores }

    /// A compiler that knows no measurements.
    func compiler(for target: Target, _ precision: Precision?) -> Compiler {
        Compiler(target: target, threads: threadCount, numerics: numerics, precision: precision)
    }
}

extension Numerics: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public var defaultValueDescription: String { description }
}
