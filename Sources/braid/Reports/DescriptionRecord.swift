import Analysis
import Compiler
import Graph

/// What `braid describe --json` prints.
struct DescriptionRecord: Encodable {
    struct Tensor: Encodable {
        var name: String
        var element: String
        var shape: [Extent]
        /// The doc comment, absent if there is none.
        var documentation: String?

        init(_ name: String, _ type: TensorType, _ documentation: String?) {
            self.name = name
            self.documentation = documentation
            element = type.element.rawValue
            shape = type.shape.dimensions.map(Extent.init)
        }
    }

    /// A number, or a text for a symbol.
    struct Extent: Encodable {
        var dimension: Dimension

        init(_ dimension: Dimension) { self.dimension = dimension }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch dimension {
            case .fixed(let value): try container.encode(value)
            case .size(let expression): try container.encode("\(expression)")
            }
        }
    }

    /// Pixels along the height and the width, of signals elements along the length; null where they are seen whole.
    struct Field: Encodable {
        var size: [Double?]
        var stride: [Double?]

        init(_ field: ReceptiveField) {
            size = field.extents.map { $0?.size }
            stride = field.extents.map { $0?.stride }
        }
    }

    struct Layer: Encodable {
        var label: String
        var `operator`: String
        var summary: String
        var shape: [Extent]
        var parameters: Int
        var macs: Int
        /// What the factors of its products may be rounded to, and what its result is stored as; absent where all is f32.
        var factors: String?
        var stored: String?
        var activationBytes: Int
        /// Absent where no image stands before the layer.
        var receptiveField: Field?
    }

    struct Block: Encodable {
        var label: String
        /// The name of the block that was called under this label, absent if it is only a common part of labels.
        var block: String?
        var shape: [Extent]?
        var parameters: Int
        var macs: Int
        var activationBytes: Int
        /// The block's own layers, as positions in the list of all layers.
        var layers: [Int]
        var blocks: [Block]

        init(_ index: Int, of tree: BlockTree) {
            let source = tree.blocks[index]
            label = source.label
            block = source.name
            shape = source.type?.shape.dimensions.map(Extent.init)
            parameters = source.parameters
            macs = source.macs
            activationBytes = source.activationBytes
            layers = source.children.compactMap { if case .layer(let layer) = $0 { layer } else { nil } }
            blocks = source.children.compactMap { if case .block(let block) = $0 { Block(block, of: tree) } else { nil } }
        }
    }

    var name: String
    var documentation: String
    var batch: Int
    /// The sizes that MACs and bytes are of, where the shapes are expressions of them.
    var sizes: [String: Int]?
    /// What was asked for, where it rounds anything.
    var precision: String
    var parameters: Int
    var macs: Int
    var activationBytes: Int
    var inputs: [Tensor]
    var outputs: [Tensor]
    var layers: [Layer]
    var blocks: [Block]
    /// What `--precision auto` found.
    var assignment: PrecisionReport.Record?

    init(_ description: NetworkDescription, _ precision: String, _ assignment: PrecisionAssignment? = nil) {
        self.assignment = assignment.map(PrecisionReport.Record.init)
        name = description.name
        documentation = description.documentation
        batch = description.batch
        sizes = description.sizes.isEmpty ? nil : description.sizes
        self.precision = description.isNarrow ? precision : Precision.f32.rawValue
        parameters = description.parameters
        macs = description.macs
        activationBytes = description.activationBytes
        inputs = description.inputs.map { Tensor($0.name, $0.type, description.interfaceDocumentation[$0.name]) }
        outputs = description.outputs.map { Tensor($0.name, $0.type, description.interfaceDocumentation[$0.name]) }
        let isNarrow = description.isNarrow
        layers = description.layers.map { layer in
            Layer(
                label: layer.label, operator: layer.operation, summary: layer.summary, shape: layer.type.shape.dimensions.map(Extent.init),
                parameters: layer.parameters, macs: layer.macs, factors: isNarrow ? layer.precision?.factors?.rawValue : nil,
                stored: isNarrow ? layer.precision?.stored?.rawValue : nil, activationBytes: layer.activationBytes,
                receptiveField: layer.receptiveField.map(Field.init))
        }
        blocks = Block(0, of: description.blocks).blocks
    }
}
