import ArgumentParser
import Compiler
import Graph

struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a network layer by layer: output shapes, parameters, multiply-accumulates, memory.",
        discussion: """
            EXAMPLES
              braid describe graphs/mnist_resnet.braid
              braid describe graphs/mnist_resnet.braid -D classes=26 --batch 64
              braid describe graphs/resnet.braid:resnet50 --json
              braid describe --operators
              braid describe --operators conv

            MACs are the multiply-accumulates of convolutions and linear layers for one image.
            """)

    /// Before the network, so that it needs none.
    @OptionGroup var catalog: CatalogOptions

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The images that activation bytes are given for.", valueName: "count"))
    var batch = 1

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws { try validateBatch(batch) }

    func run() throws {
        let network = try network.load()
        let description = NetworkDescription(network, batch: batch)
        if json { return Console.printJSON(Record(description)) }
        printHead(description)
        var table = Table(
            ("layer", .left), ("operator", .left), ("output", .left), ("parameters", .right), ("MACs", .right), ("bytes", .right))
        for layer in description.layers {
            table.add(
                layer.label, layer.operation, "\(layer.type)", layer.parameters > 0 ? Format.grouped(layer.parameters) : "",
                layer.macs > 0 ? Format.grouped(layer.macs) : "", Format.grouped(layer.activationBytes))
        }
        table.addRule()
        table.add(
            "\(description.layers.count) layers", "", "", Format.grouped(description.parameters), Format.grouped(description.macs),
            Format.grouped(description.activationBytes))
        print(table.text, terminator: "")
        print(
            "\n\(Format.scaled(Double(description.parameters))) parameters (\(Format.bytes(description.parameters * 4))), "
                + "\(Format.scaled(Double(description.macs), "MACs")) an image")
    }

    private func printHead(_ description: NetworkDescription) {
        print(Console.bold(description.name))
        if !description.documentation.isEmpty { print(description.documentation) }
        for (name, type) in description.inputs { print("  input   \(name): \(type)") }
        for (name, type) in description.outputs { print("  output  \(name): \(type)") }
        print()
    }

    private struct Record: Encodable {
        struct Tensor: Encodable {
            var name: String
            var element: String
            var shape: [Extent]

            init(_ name: String, _ type: TensorType) {
                self.name = name
                element = type.element.rawValue
                shape = type.shape.dimensions.map(Extent.init)
            }
        }

        struct Extent: Encodable {
            var dimension: Dimension

            init(_ dimension: Dimension) { self.dimension = dimension }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch dimension {
                case .fixed(let value): try container.encode(value)
                case .symbol(let name): try container.encode(name)
                }
            }
        }

        struct Layer: Encodable {
            var label: String
            var `operator`: String
            var shape: [Extent]
            var parameters: Int
            var macs: Int
            var activationBytes: Int
        }

        var name: String
        var documentation: String
        var batch: Int
        var parameters: Int
        var macs: Int
        var activationBytes: Int
        var inputs: [Tensor]
        var outputs: [Tensor]
        var layers: [Layer]

        init(_ description: NetworkDescription) {
            name = description.name
            documentation = description.documentation
            batch = description.batch
            parameters = description.parameters
            macs = description.macs
            activationBytes = description.activationBytes
            inputs = description.inputs.map { Tensor($0.name, $0.type) }
            outputs = description.outputs.map { Tensor($0.name, $0.type) }
            layers = description.layers.map { layer in
                Layer(
                    label: layer.label, operator: layer.operation, shape: layer.type.shape.dimensions.map(Extent.init),
                    parameters: layer.parameters, macs: layer.macs, activationBytes: layer.activationBytes)
            }
        }
    }
}
