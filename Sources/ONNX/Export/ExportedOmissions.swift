import Graph
import Operators

extension ExportRule {
    /// What does nothing where a network predicts.
    static let omissions: [ExportRule] = [Operator.dropout, .spatialDropout, .stochasticDepth].map { operation in
        ExportRule(operation) { (scope, value) throws(ImportFault) in scope.operands(value)[0] }
    }
}
