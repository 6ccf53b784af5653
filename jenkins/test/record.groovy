/* groovylint-disable CatchRuntimeException, DuplicateNumberLiteral, ImplicitClosureParameter */
/* groovylint-disable AbstractClassWithoutAbstractMethod, JavaIoPackageAccess, UnusedMethodParameter */
/* groovylint-disable MethodParameterTypeRequired, PublicMethodsBeforeNonPublicMethods */
/* groovylint-disable StaticMethodsBeforeInstanceMethods */
// Runs vars/mlPipeline.groovy outside of Jenkins and records what it does, step by step.
//
//     groovy -c UTF-8 record.groovy <library folder> <scenarios.json> <results.json>
//
// It knows the directives and steps that the pipeline may use, in the order in which Declarative
// takes them; everything else fails. A scenario either says which `sh` commands may come and how
// they end, or has them really executed in workspaces cloned from a repo, with stashes of files.
// Not covered, because no Jenkins is at hand: continuation passing, the sandbox, the plugins.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import groovy.transform.Field
import java.lang.annotation.Retention
import java.lang.annotation.RetentionPolicy
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer

// What a Jenkinsfile names the library with; Jenkins brings it.
@Retention(RetentionPolicy.RUNTIME)
@interface Library {

    String value()

}

class Unexpected extends RuntimeException {

    Unexpected(String message) { super(message) }

}

class Failed extends RuntimeException {

    Failed(String message) { super(message) }

}

// The directives of one block, collected before any of them is acted upon.
class Directives {

    static Script script
    private final List known
    boolean complete = false
    final Map found = [:]

    Directives(List known) { this.known = known }

    def methodMissing(String name, args) {
        if (!(name in known) && script.metaClass.respondsTo(script, name)) { return script.invokeMethod(name, args) }
        if (!(name in known)) { throw new Unexpected("no directive ${name} here; there are ${known}") }
        if (complete) { throw new Unexpected("directive ${name} among steps") }
        if (found.containsKey(name)) { throw new Unexpected("directive ${name} twice") }
        found[name] = args.length == 1 ? args[0] : args as List
    }

    def propertyMissing(String name) {
        if (name == 'none') { return 'none' }
        throw new MissingPropertyException(name, Directives)
    }

}

class Stages {

    final List found = []

    void stage(String name, Closure body) { found << [name, body] }

    def methodMissing(String name, args) { throw new Unexpected("${name} among stages") }

}

class Assignments {

    private final Map values = [:]

    void setProperty(String name, Object value) { values[name] = value.toString() }

    Map all() { return values }

}

// One build: what is visible to it, and what it did.
class Build {

    Map scenario
    File library
    List lines = []
    Map env = [:]
    Map secrets = [:]
    Map stashes = [:]
    String result = 'SUCCESS'
    int depth = 0
    File workspace
    boolean node = false
    int workspaces = 0

    void say(String line) { lines << '  ' * depth + line }

    Object within(String line, Closure body) {
        say("${line} {")
        depth++
        try {
            return body()
        } finally {
            depth--
            say('}')
        }
    }

    static Directives collect(Closure body, List known) {
        Directives directives = new Directives(known)
        body.delegate = directives
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body()
        directives.complete = true
        return directives
    }

    static List stagesOf(Closure body) {
        Stages stages = new Stages()
        body.delegate = stages
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body()
        return stages.found
    }

    static Map assignments(Closure body) {
        Assignments made = new Assignments()
        body.delegate = made
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body()
        return made.all()
    }

    void pipeline(Closure body) {
        Map said = collect(body, ['agent', 'options', 'parameters', 'environment', 'stages']).found
        if (said.agent != 'none') { throw new Unexpected('the pipeline itself holds an agent') }
        within('pipeline') {
            collect(said.options, ['disableConcurrentBuilds', 'buildDiscarder']).found.each { name, value ->
                say("option ${name}")
            }
            collect(said.parameters, ['choice']).found.each { name, value -> say("parameter ${value}") }
            assignments(said.environment).each { name, value ->
                env[name] = value
                say("env ${name}=${scenario.real ? '…' : value}")
            }
            stagesOf(said.stages).each { stage -> runStage(*stage) }
        }
    }

    void runStage(String name, Closure body) {
        List known = ['when', 'input', 'options', 'agent', 'environment', 'steps', 'stages', 'parallel', 'post']
        Map said = collect(body, known).found
        if ([said.steps, said.stages, said.parallel].count { it } != 1) {
            throw new Unexpected("stage ${name} has not one of steps, stages and parallel")
        }
        if (said.steps && !said.agent) { throw new Unexpected("stage ${name} has steps but no agent") }
        Map before = new LinkedHashMap(env)
        within("stage ${name}") {
            env.STAGE_NAME = name
            try {
                withOptions(said) { entered(said) }
            } finally {
                env.clear()
                env.putAll(before)
            }
        }
    }

    // Declarative enters the options first, then asks, then takes an agent, then looks at `when`;
    // beforeInput and beforeAgent move the last to the front.
    void withOptions(Map said, Closure body) {
        if (!said.options) {
            body()
            return
        }
        Map options = collect(said.options, ['lock']).found
        within("lock ${options.lock.resource}", body)
    }

    void entered(Map said) {
        Map when = said.when ? collect(said.when, ['beforeAgent', 'beforeInput', 'expression']).found : null
        boolean asked = false
        if (when?.beforeInput || (when && !said.input && when.beforeAgent)) {
            if (!holds(when)) { return }
            asked = true
        }
        if (said.input) { ask(collect(said.input, ['message', 'submitter', 'submitterParameter']).found) }
        if (when?.beforeAgent && !asked) {
            if (!holds(when)) { return }
            asked = true
        }
        if (!said.agent) {
            if (when && !asked && !holds(when)) { return }
            inner(said)
            return
        }
        onAgent(said.agent) {
            if (when && !asked && !holds(when)) { return }
            inner(said)
        }
    }

    boolean holds(Map when) {
        boolean holds = when.expression()
        if (!holds) { say('skipped') }
        return holds
    }

    void ask(Map said) {
        say("input \"${said.message}\" of ${said.submitter}")
        String answer = scenario.approver
        if (!answer) { throw new Failed("rejected: ${said.message}") }
        if (!(answer in said.submitter.toString().tokenize(','))) {
            throw new Failed("${answer} may not answer: ${said.message}")
        }
        env[said.submitterParameter] = answer
    }

    void onAgent(Closure agent, Closure body) {
        Map kubernetes = collect(agent, ['kubernetes']).found
        String yaml = collect(kubernetes.kubernetes, ['yaml']).found.yaml
        String runner = (yaml =~ /gleis\/runner: (\S+)/)[0][1]
        String gpus = yaml.contains('nvidia.com/gpu') ? " gpus=${(yaml =~ /nvidia.com\/gpu: (\d+)/)[0][1]}" : ''
        within("node ${runner}${gpus}") {
            node = true
            File outer = workspace
            try {
                checkout()
                body()
            } finally {
                node = false
                workspace = outer
            }
        }
    }

    void checkout() {
        say('checkout scm')
        if (!scenario.real) { return }
        workspace = new File(scenario.real.workspaces, "workspace-${++workspaces}")
        Process clone = ['git', 'clone', '--quiet', scenario.real.repo, workspace.path].execute()
        clone.waitFor()
        if (clone.exitValue() != 0) { throw new Unexpected("clone: ${clone.err.text}") }
    }

    void inner(Map said) {
        if (said.environment) {
            assignments(said.environment).each { name, value ->
                env[name] = value
                say("env ${name}=${value}")
            }
        }
        try {
            if (said.stages) { stagesOf(said.stages).each { stage -> runStage(*stage) } }
            if (said.parallel) { sideBySide(stagesOf(said.parallel)) }
            if (said.steps) { said.steps() }
        } finally {
            if (said.post) { collect(said.post, ['always']).found.always() }
        }
    }

    // One after another here, so that the record is always the same; a failure stops no neighbour.
    void sideBySide(List stages) {
        List failures = []
        within('parallel') {
            stages.each { stage ->
                try {
                    runStage(*stage)
                } catch (Failed failed) {
                    failures << failed
                }
            }
        }
        if (failures) { throw failures.first() }
    }

    void needNode(String step) {
        if (!node) { throw new Unexpected("${step} outside of a node") }
    }

    void sh(String command) {
        needNode('sh')
        say("sh ${command}${secrets ? ' # sees ' + secrets.keySet().join(', ') : ''}")
        int code = scenario.real ? execute(command) : answer(command)
        if (code != 0) { throw new Failed("script returned exit code ${code}") }
    }

    int answer(String command) {
        if (!scenario.sh.containsKey(command)) { throw new Unexpected("unexpected sh: ${command}") }
        return scenario.sh[command] as int
    }

    int execute(String command) {
        ProcessBuilder builder = new ProcessBuilder('sh', '-xec', command)
        builder.directory(workspace).redirectErrorStream(true)
        Map visible = builder.environment()
        (env + secrets + [WORKSPACE: workspace.path]).each { name, value -> visible[name] = value.toString() }
        Process process = builder.start()
        process.outputStream.close()
        new File(scenario.real.log).append(process.inputStream.getText('UTF-8'), 'UTF-8')
        return process.waitFor()
    }

    void withCredentials(List bindings, Closure body) {
        needNode('withCredentials')
        Map before = new LinkedHashMap(secrets)
        bindings.each { binding ->
            Map known = scenario.credentials[binding.credentialsId]
            if (known?.kind != binding.kind) {
                throw new Failed("no ${binding.kind} credential ${binding.credentialsId}")
            }
            secrets[binding.variable] = known.value
        }
        try {
            within("withCredentials ${bindings*.credentialsId.join(', ')}", body)
        } finally {
            secrets.clear()
            secrets.putAll(before)
        }
    }

    void keep(Map said) {
        needNode('stash')
        say("stash ${said.name}: ${said.includes}")
        if (stashes.containsKey(said.name.toString())) { throw new Unexpected("stash ${said.name} twice") }
        stashes[said.name.toString()] = scenario.real ? copied("stash-${said.name}", said.includes) : true
    }

    void archive(String globs) {
        needNode('archiveArtifacts')
        say("archiveArtifacts ${globs}")
        if (scenario.real) { copied('archive', globs) }
    }

    File copied(String name, String globs) {
        File folder = new File(scenario.real.workspaces, name)
        folder.mkdirs()
        Path root = workspace.toPath()
        List matchers = globs.tokenize(', ').collect { FileSystems.default.getPathMatcher("glob:${it}") }
        root.toFile().eachFileRecurse { file ->
            Path relative = root.relativize(file.toPath())
            if (file.isFile() && matchers.any { it.matches(relative) }) {
                copy(file.toPath(), folder.toPath().resolve(relative))
            }
        }
        return folder
    }

    void fetch(String name) {
        needNode('unstash')
        say("unstash ${name}")
        if (!stashes.containsKey(name)) { throw new Failed("No such saved stash ‘${name}’") }
        if (!scenario.real) { return }
        Path from = stashes[name].toPath()
        from.toFile().eachFileRecurse { file ->
            if (file.isFile()) {
                copy(file.toPath(), workspace.toPath().resolve(from.relativize(file.toPath())))
            }
        }
    }

    private static void copy(Path from, Path to) {
        Files.createDirectories(to.parent)
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES)
    }

    void catching(Map said, Closure body) {
        within("catchError ${said.buildResult}") {
            try {
                body()
            } catch (Failed failed) {
                say("caught: ${failed.message}")
                result = said.buildResult
            }
        }
    }

}

// What the library's script sees as steps; what is not here does not exist.
abstract class Steps extends Script {

    Build build() { return binding.getVariable('gleisBuild') }

    void pipeline(Closure body) { build().pipeline(body) }
    void error(String message) { throw new Failed(message) }
    void sh(String command) { build().sh(command) }
    void stash(Map said) { build().keep(said) }
    void unstash(String name) { build().fetch(name) }
    void catchError(Map said, Closure body) { build().catching(said, body) }
    void withCredentials(List bindings, Closure body) { build().withCredentials(bindings, body) }
    void timeout(Map said, Closure body) { build().within("timeout ${said.time} ${said.unit}", body) }
    Map string(Map said) { return said + [kind: 'string'] }
    Map file(Map said) { return said + [kind: 'file'] }
    Map sarif(Map said) { return said }
    Map logRotator(Map said) { return said }

    void junit(Map said) {
        build().needNode('junit')
        build().say("junit ${said.testResults}")
    }

    void recordIssues(Map said) {
        build().needNode('recordIssues')
        build().say("recordIssues ${said.tools*.pattern.join(', ')}")
    }

    void archiveArtifacts(Map said) { build().archive(said.artifacts) }

    String libraryResource(String name) {
        File file = new File(build().library, "resources/${name}")
        if (!file.isFile()) { throw new Failed("No such library resource ${name}") }
        return file.getText('UTF-8')
    }

    Object methodMissing(String name, args) { throw new Unexpected("unexpected step ${name}") }

}

@Field File library = new File(args[0])

Map play(Map scenario) {
    Build build = new Build(scenario: scenario, library: library, env: new LinkedHashMap(scenario.env))
    Map known = [
        gleisBuild: build,
        env: build.env,
        params: scenario.params ?: [:],
        currentBuild: [getBuildCauses: { String cause -> (scenario.causes ?: []).findAll { it == cause } }],
    ]
    CompilerConfiguration settings = new CompilerConfiguration()
    settings.scriptBaseClass = Steps.name
    settings.sourceEncoding = 'UTF-8'
    GroovyShell shell = new GroovyShell(this.class.classLoader, new Binding(known), settings)
    Script script = shell.parse(new File(library, 'vars/mlPipeline.groovy'))
    Directives.script = script
    String failure = null
    try {
        if (scenario.jenkinsfile) {
            ImportCustomizer imports = new ImportCustomizer()
            imports.addImports(Library.name)
            settings.addCompilationCustomizers(imports)
            Map steps = [mlPipeline: { Map config -> script.call(config) }]
            GroovyShell caller = new GroovyShell(this.class.classLoader, new Binding(steps), settings)
            caller.evaluate(new File(scenario.jenkinsfile))
        } else {
            script.call(scenario.config)
        }
    } catch (Failed failed) {
        failure = failed.message
        build.result = 'FAILURE'
    } catch (RuntimeException unexpected) {
        failure = "UNEXPECTED ${unexpected.message}"
        build.result = 'BROKEN'
    }
    return [lines: build.lines, result: build.result, failure: failure]
}

Map results = new JsonSlurper().parse(new File(args[1]), 'UTF-8').collectEntries { scenario ->
    [(scenario.name): play(scenario)]
}
new File(args[2]).setText(JsonOutput.toJson(results), 'UTF-8')
