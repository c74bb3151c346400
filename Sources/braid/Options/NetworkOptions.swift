import ArgumentParser
import Compiler

/// Which network of which file, with which parameters.
struct NetworkOptions: ParsableArguments {
    @Argument(help: Self.fileHelp, completion: .file(extensions: ["braid"]))
    var file: String

    @OptionGroup var choice: NetworkChoice

    static let fileHelp = ArgumentHelp(
        "A .braid file, or the printed text of a stage; FILE:NAME picks one of several networks.", valueName: "file")

    /// Reads and elaborates the network; warnings go to standard error.
    func load() throws(CompilerError) -> Network { try choice.load(file) }

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

    /// Whether anything is chosen.
    var isMade: Bool { network != nil || !definitions.isEmpty }

    /// Reads and elaborates the network of `file`; its warnings are in it.
    func network(of file: String) throws(CompilerError) -> Network {
        let values = Dictionary(definitions.map { ($0.name, $0.value) }) { _, last in last }
        return try Network.load(file, name: network, definitions: values)
    }

    /// Reads and elaborates the network of `file`; warnings go to standard error.
    func load(_ file: String) throws(CompilerError) -> Network {
        let network = try network(of: file)
        if !network.diagnostics.isEmpty {
            Console.error(CompilerError(network.diagnostics, network.sources).text(usesColor: Console.errorUsesColor))
        }
        return network
    }
}
