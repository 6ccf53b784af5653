// Rendered from ci/pipeline.yaml by `gleis render`: edit that file, not this one. `gleis run` decides; mlPipeline.txt helps.
// What started the build, in the graph's words; what is not known is what may do least.
String eventOf() {
    if (env.CHANGE_ID) { return 'pull-request' }
    if (env.TAG_NAME) { return 'tag' }
    if (env.BRANCH_NAME != 'main') { return 'pull-request' }
    if (params.GLEIS_EVENT) { return params.GLEIS_EVENT }
    if (currentBuild.getBuildCauses('hudson.triggers.TimerTrigger$TimerTriggerCause')) { return 'schedule' }
    return currentBuild.getBuildCauses('hudson.model.Cause$UserIdCause') ? 'manual' : 'main'
}

// The agent for a runner of the graph; `as int` lets nothing but a number into the YAML.
String pod(String runner, Map config) {
    return libraryResource("pods/${runner}.yaml").replace('nvidia.com/gpu: 0', "nvidia.com/gpu: ${(config.gpus ?: 0) as int}")
}

void deliverSteps() {
    unstash 'verify'; unstash 'train'; unstash 'package'
    timeout(time: 70, unit: 'MINUTES') { withCredentials([file(credentialsId: 'gleis-oidc', variable: 'GLEIS_OIDC_TOKEN_FILE'), string(credentialsId: 'GLEIS_GITOPS_TOKEN', variable: 'GLEIS_GITOPS_TOKEN')]) {
        sh 'uvx --from "$GLEIS_SOURCE" gleis run --environment "$GLEIS_ENVIRONMENT" --event "$GLEIS_EVENT" --stage infra-plan --stage deploy --stage smoke --stage promote'
    } }
    stash(name: "deliver-${env.GLEIS_ENVIRONMENT}", includes: '.gleis/run/**,.gleis/out/**', allowEmpty: true, useDefaultExcludes: false)
}

// Evidence goes under the stage's name: agents of one build would overwrite each other's.
void publish() {
    sh 'mkdir -p ".gleis/ci/$STAGE_NAME"; if [ -d .gleis/run ]; then cp -R .gleis/run/. ".gleis/ci/$STAGE_NAME/"; fi'
    junit(testResults: '.gleis/out/*.xml', allowEmptyResults: true)
    recordIssues(enabledForFailure: true, tools: [sarif(pattern: '.gleis/ci/**/*.sarif')])
    archiveArtifacts(artifacts: '.gleis/ci/**', allowEmptyArchive: true)
}

void call(Map config) {
    if (!(config.gleis ==~ '[0-9a-f]{40}')) { error 'mlPipeline(gleis: …) wants the 40 digits of a commit' }
    List environments = config.environments ?: ['dev', 'staging', 'prod']
    List place = env.JOB_NAME.tokenize('/') // …/team/project/branch: made by jenkins/jobs, not by the repo
    String project = place[0..-2].join('/')
    String event = eventOf()
    pipeline {
        agent none
        options { disableConcurrentBuilds(); buildDiscarder(logRotator(numToKeepStr: '50')) }
        parameters { choice(name: 'GLEIS_EVENT', choices: ['', 'schedule', 'drift'], description: 'Empty: found out') }
        environment {
            GLEIS_SOURCE = "${env.GLEIS_SOURCE ?: 'git+https://github.com/example-org/gleis@' + config.gleis}"
            GLEIS_ENVIRONMENT = "${environments.first()}"
            GLEIS_EVENT = "${event}"
        }
        stages {
            stage('verify and train and watch') {
                parallel {
                    stage('verify') {
                        // permission: contents read — check out the project
                        agent { kubernetes { yaml pod('cpu', config) } }
                        steps {
                            timeout(time: 35, unit: 'MINUTES') {
                                sh 'uvx --from "$GLEIS_SOURCE" gleis run --environment "$GLEIS_ENVIRONMENT" --event "$GLEIS_EVENT" --stage lint --stage test --stage sop'
                            }
                            stash(name: 'verify', includes: '.gleis/run/**', allowEmpty: true, useDefaultExcludes: false)
                        }
                        post { always { publish() } }
                    }
                    stage('train') {
                        // permission: contents read — check out the project
                        // permission: id-token write — read data and write the registry as this repo, without a stored key
                        agent { kubernetes { yaml pod('training', config) } }
                        steps {
                            timeout(time: 20295, unit: 'MINUTES') { withCredentials([file(credentialsId: 'gleis-oidc', variable: 'GLEIS_OIDC_TOKEN_FILE')]) {
                                sh 'uvx --from "$GLEIS_SOURCE" gleis run --environment "$GLEIS_ENVIRONMENT" --event "$GLEIS_EVENT" --stage data-check --stage train --stage evaluate --stage register'
                            } }
                            stash(name: 'train', includes: '.gleis/run/**,.gleis/out/**', allowEmpty: true, useDefaultExcludes: false)
                        }
                        post { always { publish() } }
                    }
                    stage('watch') {
                        // permission: contents read — check out the project
                        // permission: id-token write — read predictions as this repo, without a stored key
                        when { beforeAgent true; expression { event in ['schedule', 'drift'] && environments.intersect(['dev', 'staging', 'prod']) } }
                        agent { kubernetes { yaml pod('cpu', config) } }
                        environment { GLEIS_ENVIRONMENT = "${environments.last()}" }
                        steps {
                            catchError(buildResult: 'FAILURE', stageResult: 'FAILURE') {
                                timeout(time: 60, unit: 'MINUTES') { withCredentials([file(credentialsId: 'gleis-oidc', variable: 'GLEIS_OIDC_TOKEN_FILE')]) {
                                    sh 'uvx --from "$GLEIS_SOURCE" gleis run --environment "$GLEIS_ENVIRONMENT" --event "$GLEIS_EVENT" --stage monitor'
                                } }
                            }
                            stash(name: 'watch', includes: '.gleis/run/**,.gleis/out/**', allowEmpty: true, useDefaultExcludes: false)
                        }
                        post { always { publish() } }
                    }
                }
            }
            stage('package') {
                // permission: contents read — check out the project
                // permission: id-token write — push and sign as this repo, without a stored key
                when { beforeAgent true; expression { event in ['main', 'tag', 'schedule', 'drift', 'manual'] && environments.intersect(['dev', 'staging', 'prod']) } }
                agent { kubernetes { yaml pod('docker', config) } }
                steps {
                    unstash 'verify'; unstash 'train'
                    timeout(time: 305, unit: 'MINUTES') { withCredentials([file(credentialsId: 'gleis-oidc', variable: 'GLEIS_OIDC_TOKEN_FILE')]) {
                        sh 'uvx --from "$GLEIS_SOURCE" gleis run --environment "$GLEIS_ENVIRONMENT" --event "$GLEIS_EVENT" --stage image --stage sbom --stage scan --stage publish --stage sign'
                    } }
                    stash(name: 'package', includes: '.gleis/run/**,.gleis/out/**', allowEmpty: true, useDefaultExcludes: false)
                }
                post { always { publish() } }
            }
            stage('deliver') {
                // permission: contents read — check out the project
                // permission: actions read — see who approved production
                // permission: id-token write — write the registry and read the cloud as this repo, without a stored key
                // tool: terraform — plan the contract against what the platform applied
                when { expression { event in ['main', 'tag', 'schedule', 'drift', 'manual'] } }
                stages {
                    stage('deliver dev') {
                        when { beforeAgent true; expression { 'dev' in environments } }
                        options { lock(resource: "${project}/deliver") }
                        agent { kubernetes { yaml pod('cpu', config) } }
                        environment { GLEIS_ENVIRONMENT = 'dev' }
                        steps { deliverSteps() }
                        post { always { publish() } }
                    }
                    stage('deliver staging') {
                        when { beforeAgent true; expression { 'staging' in environments } }
                        options { lock(resource: "${project}/deliver") }
                        agent { kubernetes { yaml pod('cpu', config) } }
                        environment { GLEIS_ENVIRONMENT = 'staging' }
                        steps { deliverSteps() }
                        post { always { publish() } }
                    }
                    stage('approve prod') {
                        when { beforeInput true; expression { 'prod' in environments } }
                        input {
                            message "Deliver ${project} to prod?"
                            submitter "${place[-3]},platform"
                            submitterParameter 'GLEIS_APPROVER'
                        }
                        stages {
                            stage('deliver prod') {
                                options { lock(resource: "${project}/deliver") }
                                agent { kubernetes { yaml pod('cpu', config) } }
                                environment { GLEIS_ENVIRONMENT = 'prod' }
                                steps { deliverSteps() }
                                post { always { publish() } }
                            }
                        }
                    }
                }
            }
        }
    }
}
