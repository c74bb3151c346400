import ArgumentParser
import Compiler
import Interchange

/// Which network of which file, with which parameters.
struct NetworkOptions: ParsableArguments {
    @Argument(help: Self.fileHelp, completion: .file(extensions: ["braid", "onnx"]))
    var file: String

    @OptionGroup var choice: NetworkChoice

    static let fileHelp = ArgumentHelp(
        "A .braid file, a model in ONNX (.onnx), or the printed text of a stage; FILE:NAME picks one of several networks.",
        valueName: "file")

    /// Reads and elaborates the network; warnings go to standard error.
    func load() throws(CompilerError) -> Network { try choice.load(file) }

    /// Reads the network with values of a model's inputs, by its own names, which are constants where they decide shapes.
    func load(given: [String: HostTensor]) throws(CompilerError) -> Network { try choice.load(file, given: given) }

    /// Whether the network has a parameter that `-D` can give a value.
    func takes(_ parameter: String) throws(CompilerError) -> Bool {
        try Network.hasParameter(parameter, file, name: choice.network)
    }
}

/// Which network of a file, with which parameters.
struct NetworkChoice: ParsableArguments {
    @Option(help: ArgumentHelp("The network, where the file has several.", valueName: "name"))
    var network: String?

    @Option(
        name: .customShort("D"), parsing: .singleValue,
        help: ArgumentHelp("Sets a parameter of the network, such as classes=100; may be given repeatedly.", valueName: "name=value"),
        transform: ParameterDefinition.init)
    var definitions: [ParameterDefinition] = []

    @Option(
        help: ArgumentHelp(
            "How pictures become the input's values, as the language says it behind an input: 'resize: 256, mean: 0.5, std: 0.25'.",
            valueName: "text"))
    var prepare: String?

    /// Whether anything is chosen.
    var isMade: Bool { network != nil || !definitions.isEmpty || prepare != nil }

    /// Reads and elaborates the network of `file`; its warnings are in it.
    func network(of file: String, given: [String: HostTensor] = [:]) throws(CompilerError) -> Network {
        let values = Dictionary(definitions.map { ($0.name, $0.value) }) { _, last in last }
        let network = try Network.load(file, name: network, definitions: values, given: given)
        return try prepare.map { (text) throws(CompilerError) in try network.preparing(text) } ?? network
    }

    /// Reads and elaborates the network of `file`; warnings go to standard error.
    func load(_ file: String, given: [String: HostTensor] = [:]) throws(CompilerError) -> Network {
        let network = try network(of: file, given: given)
        if !network.diagnostics.isEmpty {
            Console.error(CompilerError(network.diagnostics, network.sources).text(usesColor: Console.errorUsesColor))
        }
        return network
    }
}
