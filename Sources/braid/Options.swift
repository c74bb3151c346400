import ArgumentParser
import Compiler
import Foundation
import Graph
import Kernels
import Machine
import Training

/// The language's syntax has arguments too.
typealias Argument<Value> = ArgumentParser.Argument<Value>

/// Which network of which file, with which parameters.
struct NetworkOptions: ParsableArguments {
    @Argument(help: Self.fileHelp, completion: .file(extensions: ["braid"]))
    var file: String

    @OptionGroup var choice: NetworkChoice

    static let fileHelp = ArgumentHelp(
        "A .braid file, or the printed text of a stage; FILE:NAME picks one of several networks.", valueName: "file")

    /// Reads and elaborates the network; warnings go to standard error.
    func load() throws(CompilerError) -> Network { try choice.load(file) }
}

/// Which network of a file, with which parameters.
struct NetworkChoice: ParsableArguments {
    @Option(help: ArgumentHelp("The network, where the file has several.", valueName: "name"))
    var network: String?

    @Option(
        name: .customShort("D"), parsing: .singleValue,
        help: ArgumentHelp("Sets a parameter of the network, such as classes=100; may be given repeatedly.", valueName: "name=value"),
        transform: Definition.init)
    var definitions: [Definition] = []

    /// Reads and elaborates the network of `file`; warnings go to standard error.
    func load(_ file: String) throws(CompilerError) -> Network {
        let values = Dictionary(definitions.map { ($0.name, $0.value) }) { _, last in last }
        let network = try Network.load(file, name: network, definitions: values)
        if !network.diagnostics.isEmpty {
            Console.error(CompilerError(network.diagnostics, network.sources).text(usesColor: Console.errorUsesColor))
        }
        return network
    }
}

/// A `-D name=value`.
struct Definition {
    let name: String
    let value: String

    init(_ text: String) throws {
        guard let (name, value) = text.splitAtEquals else {
            throw ValidationError("write -D name=value, such as -D classes=100")
        }
        (self.name, self.value) = (name, value)
    }
}

extension String {
    /// The parts before and after the first `=`, where both are not empty.
    var splitAtEquals: (String, String)? {
        guard let index = firstIndex(of: "="), index != startIndex, self.index(after: index) != endIndex else { return nil }
        return (String(self[..<index]), String(self[self.index(after: index)...]))
    }
}

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
    func compiler(for target: Target) -> Compiler { Compiler(target: target, threads: threadCount, numerics: numerics) }
}

/// How a network is computed.
struct ExecutionOptions: ParsableArguments {
    @OptionGroup var arithmetic: ArithmeticOptions

    @Flag(help: "Leaves all choices to the cost model, even where `braid tune` measured better ones.")
    var untuned = false

    var threadCount: Int { arithmetic.threadCount }

    var compiler: Compiler { compiler(for: .host) }

    func compiler(for target: Target) -> Compiler {
        let compiler = arithmetic.compiler(for: target)
        return untuned ? compiler : compiler.tuned(by: .standard)
    }
}

extension Compiler {
    /// The compiler with what was measured on its target. A file that cannot be used is told of, and does not stop anything.
    func tuned(by store: TuningStore?) -> Compiler {
        guard let store else { return self }
        var tuned = self
        do {
            tuned.tuned = try store.read(for: target).choices(numerics: numerics, threads: threads)
        } catch {
            Console.error("warning: measurements are not used: \(error)\n")
        }
        return tuned
    }
}

extension Numerics: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
    public var defaultValueDescription: String { description }
}

/// The machine that code is made for.
struct TargetOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("The machine to compile for: host, \(Target.presets.map(\.name).joined(separator: ", ")).", valueName: "target"),
        transform: TargetOption.named)
    var target: Target = .host

    private static func named(_ name: String) throws -> Target {
        if name == "host" { return .host }
        if let target = Target.preset(named: name) { return target }
        throw ValidationError("there is no target '\(name)'; there are host, \(Target.presets.map(\.name).joined(separator: ", "))")
    }
}

/// How much a command says while it works.
struct ProgressOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Says nothing of how far the work is: prints the result only, and what is wrong.")
    var quiet = false
}

/// Checks a `--batch`.
func validateBatch(_ batch: Int?) throws {
    if let batch, !(1...65_536).contains(batch) { throw ValidationError("--batch must be from 1 to 65536, not \(batch)") }
}

/// Reads `--data`.
func parseData(_ text: String) throws -> DatasetSpecification {
    do {
        return try DatasetSpecification(parsing: text)
    } catch {
        throw ValidationError("\(error.message); \(error.repair)")
    }
}
