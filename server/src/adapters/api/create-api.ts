import fastifyRateLimit from '@fastify/rate-limit';
import fastifySwagger from '@fastify/swagger';
import { type FastifyInstance } from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { accessRoutes } from './access-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { playbackRoutes } from './playback-routes.ts';
import { vodRoutes } from './vod-routes.ts';
import { banRoutes } from './ban-routes.ts';
import { broadcastRoutes } from './broadcast-routes.ts';
import { channelRoutes } from './channel-routes.ts';
import { chatRoutes } from './chat-routes.ts';
import { followerRoutes } from './follower-routes.ts';
import { moderatorRoutes } from './moderator-routes.ts';
import { type Api, type ApiParts } from './parts.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { donationRoutes } from './donation-routes.ts';
import { outboxRoutes } from './outbox-routes.ts';
import { paymentRoutes } from './payment-routes.ts';
import { describeRoute } from './describe-route.ts';
import { ApiProblem, errorHandler, notFound } from './problems.ts';
import { refuseNul } from './refuse-nul.ts';
import { streamKeyRoutes } from './stream-key-routes.ts';
import { subscriptionRoutes } from './subscription-routes.ts';
import { reportRoutes } from './report-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';

const MONEY_AND_HOOKS = [
  ...[paymentRoutes, donationRoutes, subscriptionRoutes, outboxRoutes],
  ...[webhookRoutes, deliveryRoutes],
];
const BROADCASTS = [
  ...[broadcastRoutes, streamKeyRoutes, accessRoutes],
  ...[healthRoutes, playbackRoutes, vodRoutes],
];
const BODY_BYTES = 65_536;
/** Addresses and tokens whose requests are counted. */
const COUNTED = 20_000;

/** How the API is served. */
export type CreateOptions = {
  /** On a server that serves nothing else. */
  readonly alone?: boolean;
  /** Routes beside those of the API. */
  readonly add?: (app: Api) => void;
};

/** Adds the API of the broadcast service to a server, and with `alone` the answers to all that is asked for beside it. */
export async function createApi(
  app: FastifyInstance,
  parts: ApiParts,
  { alone = false, add }: CreateOptions = {},
): Promise<void> {
  const { watch } = parts;
  await app.register(async (scope) => {
    watch.attach(scope);
    scope.setErrorHandler(errorHandler(watch));
    if (alone)
      scope.setNotFoundHandler(() => {
        throw notFound('resource');
      });
    scope.setValidatorCompiler(validatorCompiler);
    scope.setSerializerCompiler(serializerCompiler);
    await scope.register(fastifySwagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Shoal', version: '1' },
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      },
      transform: describeRoute,
    });
    await scope.register(fastifyRateLimit, {
      max: parts.requestsAMinute,
      timeWindow: 60_000,
      cache: COUNTED,
      enableDraftSpec: true,
      keyGenerator: (request) => request.headers.authorization ?? request.ip,
      errorResponseBuilder: (_request, { max }) => tooMany(max),
    });
    // Each token that is tried is counted as another, so that those that do not hold are counted by address too.
    const wrong = scope.createRateLimit({
      ...{ max: parts.requestsAMinute, timeWindow: 60_000, cache: COUNTED },
      keyGenerator: (request) => request.ip,
    });
    scope.addHook('preParsing', async (request) => {
      try {
        await parts.gate.identify(request);
      } catch (error) {
        const counted = await wrong(request);
        if (!counted.isAllowed && counted.isExceeded) throw tooMany(parts.requestsAMinute);
        throw error;
      }
    });
    scope.addHook('onRoute', (route) => {
      route.bodyLimit = BODY_BYTES;
      const needs = parts.gate.rankNeeded(route.preParsing);
      if (needs === undefined) return;
      const security = needs === 'anonymous' ? [] : [{ token: [] }];
      route.schema = { ...route.schema, security, description: `For: ${needs} and above.` };
    });
    scope.addHook('preValidation', refuseNul);
    scope.get('/openapi.json', { schema: { hide: true } }, () => scope.swagger());
    const api = scope.withTypeProvider<ZodTypeProvider>();
    add?.(api);
    channelRoutes(api, parts);
    tokenRoutes(api, parts);
    for (const add of BROADCASTS) add(api, parts);
    for (const add of MONEY_AND_HOOKS) add(api, parts);
    chatRoutes(api, parts);
    banRoutes(api, parts);
    moderatorRoutes(api, parts);
    followerRoutes(api, parts);
    reportRoutes(api, parts);
  });
}

function tooMany(max: number): ApiProblem {
  return new ApiProblem(429, { code: 'too-many-requests', detail: `at most ${max} a minute` });
}
